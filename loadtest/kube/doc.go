// Package kube tests the Helm chart on a real Kubernetes of three nodes or
// more: it installs it, counts the bytes that a registry sends, cuts off the
// registry and a node, deletes trackers and Redis and upgrades everything while
// pods are being pulled, and removes it without a trace.
//
// What the API of Kubernetes can't do is done by a helper program, which
// E2E_KUBE names, perhaps with arguments:
//
//	up                             start a cluster and print the path of its kubeconfig
//	down                           stop it
//	load ARCHIVE...                import images on every node
//	node NAME exec -- COMMAND...   run a command on a node, or on the host "registry"
//	node NAME cut|join             drop all packets of a node or of "registry" | stop that
//	registry up                    start an empty registry, and let all nodes know its name
//	registry push ARCHIVE NAME:TAG push an image to it
//	ctl ARG...                     kubectl, where there is none in the PATH
package kube
