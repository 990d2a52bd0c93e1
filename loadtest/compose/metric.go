package compose

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const lookTimeout = 2 * time.Second

// metric reads one number; one that is not there has not been counted yet.
func metric(ctx context.Context, addr, name string) (value float64, err error) {
	err = look(ctx, "http://"+addr+"/metrics", func(body io.Reader) error {
		for lines := bufio.NewScanner(body); lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
				value, err = strconv.ParseFloat(v, 64)
				return err
			}
		}
		return nil
	})
	return value, err
}

// memory is what a tracker says of Redis.
func memory(ctx context.Context, tracker string) (string, error) {
	var ready struct{ Memory string }
	err := look(ctx, "http://"+tracker+":7071/readyz", func(body io.Reader) error {
		return json.NewDecoder(body).Decode(&ready)
	})
	return ready.Memory, err
}

func look(ctx context.Context, url string, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	return read(res.Body)
}
