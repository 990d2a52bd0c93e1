// Package kube is the little that a seeder asks of Kubernetes: the zone and the
// labels of its node, once, before it starts; that a taint is taken from a new
// node when it has its images; whether the node is to be taken away, when it
// stops; and when the chart is being removed, whether every node has been
// restored. It reads two kinds of objects, changes one and deletes the other,
// which is why it needs no Kubernetes client library: that would be larger than
// the rest of the seeder.
package kube
