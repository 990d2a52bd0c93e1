// Package hosts has containerd ask this node's mirror first, by what stands in
// its hosts.toml files: one folder for each registry, and "_default" for those
// that have none. containerd reads them anew at every pull.
//
// Most of these files belong to others. [Install] puts one block of lines into
// them, between two marks, and [Remove] cuts it out again: all else stays as it
// is, byte for byte, also what somebody wrote in between. What else is needed to
// undo it stands in the first mark, so that there is nothing to keep beside the
// file, or to lose.
package hosts
