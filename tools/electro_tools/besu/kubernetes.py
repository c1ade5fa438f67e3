# SPDX-License-Identifier: Apache-2.0
"""Run a network on Kubernetes: a stateful set of one pod for each validator, since each has a key of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_tools.besu.machines import SHARED, USER
from electro_tools.besu.settings import DATA, FOLDER

if TYPE_CHECKING:
    from electro_tools.besu.network import Network, Validator


def pod_host(validator: Validator) -> str:
    """Return the name that Kubernetes gives a validator's service; Besu looks it up (Xdns-enabled)."""
    return validator.name


def kustomization(network: Network) -> str:
    """Return kustomization.yaml, which makes config maps and secrets of the network's files."""
    config = "".join(f"      - {file}\n" for file in SHARED)
    maps = "".join(
        f"""\
  - name: {each.name}
    files: [nodes/{each.name}/config.toml]
"""
        for each in network.validators
    )
    keys = "".join(
        f"""\
  - name: {each.name}
    files: [nodes/{each.name}/key]
"""
        for each in network.validators
    )
    return f"""\
# kubectl apply -k . --namespace besu
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - kubernetes/validators.yaml
  - kubernetes/network.yaml
configMapGenerator:
  - name: besu
    files:
{config}      - static-nodes.json=kubernetes/static-nodes.json
{maps}secretGenerator:
{keys}"""


def validators(network: Network) -> str:
    """Return the manifests of the validators: a service and a stateful set for each, since each has its own key."""
    return "---\n".join(_pod(network, each) for each in network.validators)


def _pod(network: Network, validator: Validator) -> str:
    name = validator.name
    labels = f"{{app.kubernetes.io/name: besu, app.kubernetes.io/instance: {name}}}"
    return f"""\
apiVersion: v1
kind: Service
metadata:
  name: {name}
  labels: {labels}
spec:
  clusterIP: None # its name is the pod's address
  publishNotReadyAddresses: true # peers find each other before anybody is ready
  selector: {labels}
  ports:
    - {{name: p2p, port: {validator.p2p_port}}}
    - {{name: rpc, port: {validator.rpc_port}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {name}
  labels: {labels}
spec:
  serviceName: {name}
  replicas: 1 # a key seals in one place
  selector:
    matchLabels: {labels}
  template:
    metadata:
      labels: {labels}
    spec:
      enableServiceLinks: false
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: {USER}
        runAsGroup: {USER}
        fsGroup: {USER}
        seccompProfile: {{type: RuntimeDefault}}
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels: {{app.kubernetes.io/name: besu}}
      containers:
        - name: besu
          image: {network.image}
          args: [--config-file={FOLDER}/config.toml, --Xdns-enabled=true, --Xdns-update-enabled=true]
          ports:
            - {{name: p2p, containerPort: {validator.p2p_port}}}
            - {{name: rpc, containerPort: {validator.rpc_port}}}
          livenessProbe:
            httpGet: {{path: /liveness, port: rpc}}
            initialDelaySeconds: 60
            periodSeconds: 30
            failureThreshold: 5
          readinessProbe:
            httpGet: {{path: "/readiness?minPeers=1&maxBlocksBehind=100", port: rpc}}
            periodSeconds: 10
          resources:
            requests: {{cpu: 200m, memory: 1Gi}}
            limits: {{memory: 2Gi}}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {{drop: [ALL]}}
          volumeMounts:
            - {{name: files, mountPath: {FOLDER}, readOnly: true}}
            - {{name: data, mountPath: {DATA}}}
      volumes:
        - name: files
          projected:
            defaultMode: 0440
            sources:
              - configMap: {{name: besu}}
              - configMap: {{name: {name}}}
              - secret: {{name: {name}}}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests: {{storage: 20Gi}}
"""


def policy(network: Network) -> str:
    """Return the network policy: peers among themselves, JSON-RPC for pods that say they ask the chain."""
    p2p = ", ".join(f"{{port: {each.p2p_port}}}" for each in network.validators)
    rpc = ", ".join(f"{{port: {each.rpc_port}}}" for each in network.validators)
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: besu
spec:
  podSelector:
    matchLabels: {{app.kubernetes.io/name: besu}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {{app.kubernetes.io/name: besu}}
      ports: [{p2p}]
    - from:
        - podSelector:
            matchLabels: {{asks-chain: "yes"}}
        - podSelector:
            matchLabels: {{app.kubernetes.io/name: electro-relayer}}
      ports: [{rpc}]
"""
