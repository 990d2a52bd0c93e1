package doctor

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// kubelet is containerd as the kubelet sees it: over CRI.
type kubelet struct{ conn *grpc.ClientConn }

func connect(socket string) (kubelet, error) {
	conn, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	return kubelet{conn}, err
}

func (k kubelet) close() { _ = k.conn.Close() }

// version is containerd's, such as "v2.4.2".
func (k kubelet) version(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	v, err := cri.NewRuntimeServiceClient(k.conn).Version(ctx, &cri.VersionRequest{})
	if err != nil {
		return "", fmt.Errorf("CRI: %w", err)
	}
	return v.GetRuntimeVersion(), nil
}

func (k kubelet) pull(ctx context.Context, image string) error {
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	_, err := cri.NewImageServiceClient(k.conn).PullImage(ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: image}})
	return err
}

// remove works at the end of an examination that was cancelled, too.
func (k kubelet) remove(ctx context.Context, image string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	_, err := cri.NewImageServiceClient(k.conn).RemoveImage(ctx, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: image}})
	return err
}
