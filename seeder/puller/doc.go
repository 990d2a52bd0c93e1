// Package puller makes this node pull an image through its own mirror, as its
// containerd would: it uses containerd's resolver, handlers and store, asks
// the mirror first, and the registry where the mirror has nothing.
//
// A pull resolves the name to a digest, fetches index, manifests, config and
// layers level by level into the content store, which checks every digest when
// it commits, and writes the image's record last. What is fetched and where it
// came from is told in a stream of [Event].
//
// A pull outlives what breaks on its way. A blob that ends early goes on at its
// offset; one whose bytes were wrong is thrown away, ingest and all, and
// fetched again, in the end from the registry alone.
//
// Puller is also the http.Handler behind "seeder pull".
package puller
