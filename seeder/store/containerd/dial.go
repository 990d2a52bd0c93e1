package containerd

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	// reconnectTimeout is the longest attempt to connect, and the longest
	// pause between two: after a restart containerd is found soon.
	reconnectTimeout = time.Second
	reconnectFirst   = 50 * time.Millisecond
	// maxMessage is containerd's own limit, in bytes; gRPC's usual one is
	// too small for the list of many images.
	maxMessage = 16 << 20
)

// dial makes a connection that is established when it is first needed, and
// whenever it is needed again.
func dial(socket string) (*grpc.ClientConn, error) {
	retry := backoff.DefaultConfig
	retry.BaseDelay, retry.MaxDelay = reconnectFirst, reconnectTimeout
	return grpc.NewClient("unix://"+socket,
		grpc.WithTransportCredentials(insecure.NewCredentials()), // the socket's permissions protect it
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: reconnectTimeout}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
	)
}
