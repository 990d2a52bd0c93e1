package compose

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	contentproxy "github.com/containerd/containerd/v2/core/content/proxy"
	streaming "github.com/containerd/containerd/v2/core/streaming/proxy"
	"github.com/containerd/containerd/v2/core/transfer"
	"github.com/containerd/containerd/v2/core/transfer/image"
	transferproxy "github.com/containerd/containerd/v2/core/transfer/proxy"
	"github.com/containerd/containerd/v2/core/transfer/registry"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

const (
	namespace = "k8s.io"                  // where the seeder looks
	hostsDir  = "/etc/containerd/certs.d" // in the node's container
)

// node is a containerd and its seeder, as the demo's container sees them.
type node struct {
	name       string
	blobs      string           // folder of its containerd's content, read-only
	containerd *grpc.ClientConn // to its socket; connects again by itself
	transfers  transfer.Transferrer
	content    content.Store
	parts      []imagekit.Part // all that it has pulled
}

// openNodes finds a node in every folder below dir.
func openNodes(dir string) ([]*node, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var nodes []*node
	for _, entry := range found {
		n, err := openNode(filepath.Join(dir, entry.Name()))
		if err != nil {
			closeNodes(nodes)
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func openNode(dir string) (*node, error) {
	conn, err := grpc.NewClient("unix://"+filepath.Join(dir, "run", "containerd.sock"),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return &node{
		name:       filepath.Base(dir),
		blobs:      filepath.Join(dir, "lib", "io.containerd.content.v1.content", "blobs", "sha256"),
		containerd: conn,
		transfers:  transferproxy.NewTransferrer(conn, streaming.NewStreamCreator(conn)),
		content:    contentproxy.NewContentStore(conn),
	}, nil
}

func closeNodes(nodes []*node) {
	for _, n := range nodes {
		_ = n.containerd.Close()
	}
}

// seeder is the compose service beside the node's containerd.
func (n *node) seeder() string { return "seeder" + strings.TrimPrefix(n.name, "node") }

// pull has the node's containerd pull the image as it would for anybody, by its
// hosts.toml. It is not unpacked: that takes privileges to mount.
func (n *node) pull(ctx context.Context, ref string, parts []imagekit.Part) error {
	source, err := registry.NewOCIRegistry(ctx, ref, registry.WithHostDir(hostsDir))
	if err != nil {
		return err
	}
	err = n.transfers.Transfer(namespaces.WithNamespace(ctx, namespace), source, image.NewStore(ref, image.WithPlatforms(platforms.DefaultSpec())))
	if err != nil {
		return fmt.Errorf("%s: pull %s: %w", n.name, ref, err)
	}
	n.parts = append(n.parts, parts...)
	_, err = imagekit.Verify(n.blobs, n.parts)
	return err
}

// offset is how much of a blob containerd has so far, as long as it is pulling
// it.
func (n *node) offset(ctx context.Context, d digest.Digest) (int64, error) {
	ingests, err := n.content.ListStatuses(namespaces.WithNamespace(ctx, namespace))
	if err != nil {
		return 0, err
	}
	for _, i := range ingests {
		if strings.HasSuffix(i.Ref, d.String()) {
			return i.Offset, nil
		}
	}
	return 0, nil
}

// received is how many bytes the mirror has relayed from neighbours.
func (n *node) received(ctx context.Context) (float64, error) {
	return metric(ctx, n.name+":5003", `dray_seeder_transfer_bytes_total{source="peer"}`)
}

func receivedBy(ctx context.Context, nodes []*node) (sum float64, err error) {
	for _, n := range nodes {
		bytes, err := n.received(ctx)
		if err != nil {
			return 0, err
		}
		sum += bytes
	}
	return sum, nil
}

// uploaded is how many bytes the node has sent to neighbours.
func (n *node) uploaded(ctx context.Context) (float64, error) {
	return metric(ctx, n.name+":5003", "dray_seeder_upload_bytes_total")
}

// verifyAll hashes everything that the nodes have.
func verifyAll(nodes []*node) (blobs int, err error) {
	var wrong []error
	for _, n := range nodes {
		found, err := imagekit.Verify(n.blobs, n.parts)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", n.name, err))
		}
		blobs += found
	}
	return blobs, errors.Join(wrong...)
}
