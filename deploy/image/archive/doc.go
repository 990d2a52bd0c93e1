// Package archive makes container images without a container engine: a layer
// from files, and a tar file from images, which docker, containerd, podman and
// kind all load. The same input always gives the same bytes.
package archive
