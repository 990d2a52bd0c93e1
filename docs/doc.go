// Package docs holds no code: its tests keep what the documents say about the
// code true.
package docs
