# SPDX-License-Identifier: Apache-2.0
"""The commands of `electro agreement`, by who uses them."""

from __future__ import annotations

import click

from electro_tools.commands import Sections

_HERE = "electro_tools.agreement."
_SECTIONS = {
    "Terms": {
        "template": (_HERE + "terms_commands:template", "Write a terms file to fill in."),
        "check": (_HERE + "terms_commands:check", "Read a terms file; say what it means."),
        "draft": (_HERE + "renominating:draft_renomination", "Write a renomination to a file, to be signed."),
        "terms": (_HERE + "terms_commands:terms", "Write an agreement's terms as a terms file."),
    },
    "Operator": {
        "enrol": ("electro_tools.device.cli_provision:enrol", "Enrol a meter by its enrolment file."),
        "propose": (_HERE + "proposing:propose", "Propose an agreement to a consumer."),
        "renew": (_HERE + "proposing:renew", "Propose a new period with the same terms."),
        "rotate": (_HERE + "changing:rotate", "Propose another meter in a meter's place."),
        "revoke": (_HERE + "changing:revoke", "End what a lost or stolen meter measures."),
        "grant": (_HERE + "changing:grant", "Add to a bonus."),
        "waive": (_HERE + "changing:waive", "Take off penalties."),
        "acknowledge": (_HERE + "closing:acknowledge", "Confirm that an invoice is lower."),
        "pause": (_HERE + "proposing:pause", "Take no new proposals."),
        "resume": (_HERE + "proposing:resume", "Take proposals again."),
        "widen": (_HERE + "renominating:widen", "Widen bands ahead, alone."),
        "approve": (_HERE + "changing:approve", "In escrow: let the contract draw tokens."),
    },
    "Consumer": {
        "accept": (_HERE + "accepting:accept", "Accept a proposal by transaction."),
        "offer": (_HERE + "accepting:offer", "Write a proposal to a file, to be signed."),
        "sign-acceptance": (_HERE + "accepting:sign_acceptance", "Sign such a file, offline."),
        "accept-rotation": (_HERE + "changing:accept_rotation", "Agree to another meter."),
        "renominate": (_HERE + "renominating:renominate", "Replace bands ahead; says first what changes."),
        "sign-renomination": (_HERE + "renominating:sign_renomination", "Sign such a draft, offline."),
        "fault": (_HERE + "faulting:fault", "Declare a meter faulty; says first what it costs."),
        "hand-over": (_HERE + "succeeding:hand_over", "Offer the consumer's place, or take it."),
        "redeem": (_HERE + "closing:redeem", "Set the discount against an invoice."),
        "sign-redemption": (_HERE + "closing:sign_redemption", "The same by signature, offline."),
    },
    "Operator or consumer": {
        "cancel": (_HERE + "changing:cancel", "Call an agreement off before its start."),
        "terminate": (_HERE + "changing:terminate", "Give notice; says first what it costs."),
    },
    "Anyone": {
        "list": (_HERE + "looking:list_agreements", "List agreements."),
        "show": (_HERE + "looking:show", "Show one: state, times, money, meters."),
        "quote": (_HERE + "quoting:quote", "Say what a consumption would cost."),
        "audit": (_HERE + "auditing:audit", "Rebuild one from its logs and check the contract."),
        "statement": (_HERE + "stating:statement", "Write a PDF for the accounts: every penalty in words."),
        "export": (_HERE + "stating:export", "Write readings, bands and money for other programs."),
        "disclose": (_HERE + "disclosing:disclose", "Show one sealed report to who has no viewing key."),
        "check-disclosure": (_HERE + "disclosing:check_disclosure", "Check what was so shown."),
        "deadlines": (_HERE + "stating:deadlines", "Write its deadlines as a calendar file."),
        "attach": (_HERE + "wallet:attach", "Put a wallet's signature to what it was to sign."),
        "submit": (_HERE + "accepting:submit", "Send what someone has signed."),
        "settle": (_HERE + "closing:settle", "Turn what is left into the discount."),
        "collect": (_HERE + "closing:collect", "In escrow: pay an account what it is owed."),
    },
}


@click.group(cls=Sections, sections=_SECTIONS)
def agreement() -> None:
    """Propose, accept, follow, settle, redeem and audit agreements.

    Every command names the contract: --rpc, --contract and --key-file may also come from ELECTRO_RPC,
    ELECTRO_CONTRACT and ELECTRO_KEY_FILE. Each transaction is rehearsed first; --dry-run stops there.
    """
