// Package kube is the little that a seeder asks of Kubernetes: the zone and the
// labels of its node, once, before it starts, and when the chart is being
// removed, whether every node has been restored. It reads two kinds of objects
// and deletes one, which is why it needs no Kubernetes client library: that
// would be larger than the rest of the seeder.
package kube
