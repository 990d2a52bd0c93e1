package doctor

import (
	"context"
	"io"

	"github.com/containerd/containerd/v2/cmd/containerd/server/config"
	"github.com/containerd/log"
	"github.com/pelletier/go-toml/v2"
	"github.com/sirupsen/logrus"
)

// readFile reads containerd's configuration and the files that it imports, as
// containerd does it. What none of them says is not in the answer: containerd's
// own defaults are known to nobody but that containerd. A file that is imported
// and can't be seen from here is an error.
func readFile(ctx context.Context, path string) ([]byte, error) {
	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	var c config.Config
	if err := config.LoadConfig(log.WithLogger(ctx, logrus.NewEntry(quiet)), path, &c); err != nil {
		return nil, err
	}
	return toml.Marshal(c)
}
