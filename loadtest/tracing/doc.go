// Package tracing holds the traces of an embedded cluster to what an operator
// wants to see in them: one pull, over all nodes that had a part in it.
package tracing
