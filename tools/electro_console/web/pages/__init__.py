# SPDX-License-Identifier: Apache-2.0
"""One file a page, or a few that belong together; ADDRESSES says where each is."""
