package redis

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"

	goredis "github.com/redis/go-redis/v9"

	"github.com/drayproject/dray/tracker/journal"
)

// Redis is a tracker's hold on a common memory in Redis. It implements
// [journal.Journal] and [journal.Desk].
type Redis struct {
	client goredis.UniversalClient
	prefix string
	id     uint64
	book   book

	// What follows is for the desk, which several goroutines use.
	opened   atomic.Bool
	revision atomic.Int64 // the largest that was seen
	term     atomic.Int64 // the latest that was seen
}

var prefixes = regexp.MustCompile(`^[A-Za-z0-9:._/-]{1,64}$`)

// New makes a Redis from a URL (see parse for its forms)
// and the prefix of all keys. It does not connect yet; an error is one of the
// arguments'.
func New(url, prefix string) (*Redis, error) {
	if !prefixes.MatchString(prefix) {
		return nil, fmt.Errorf("redis: prefix %q: want 1 to 64 of a-z, A-Z, 0-9 and :._/-", prefix)
	}
	o, err := parse(url)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	r := &Redis{client: goredis.NewUniversalClient(o), prefix: prefix}
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	r.id = binary.BigEndian.Uint64(id[:])
	return r, nil
}

// ID implements [journal.Journal].
func (r *Redis) ID() string { return formatID(r.id) }

// Close implements [journal.Journal].
func (r *Redis) Close() error { return r.client.Close() }

func (r *Redis) versionKey() string          { return r.prefix + "version" }
func (r *Redis) trackersKey() string         { return r.prefix + "trackers" }
func (r *Redis) ordersKey() string           { return r.prefix + "orders" }
func (r *Redis) nodesKey(shelf int) string   { return fmt.Sprintf("%snodes:{%02x}", r.prefix, shelf) }
func (r *Redis) setsKey(shelf int) string    { return fmt.Sprintf("%ssets:{%02x}", r.prefix, shelf) }
func (r *Redis) stampsKey(shelf int) string  { return fmt.Sprintf("%sstamps:{%02x}", r.prefix, shelf) }
func (r *Redis) digestsKey(id string) string { return r.prefix + "digests:{" + id + "}" }
func (r *Redis) wordsKey(id string) string   { return r.prefix + "words:{" + id + "}" }

// pipe sends some commands at once and waits for all their answers. An answer
// that there is no such thing is no error.
func (r *Redis) pipe(ctx context.Context, fill func(p goredis.Pipeliner)) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	p := r.client.Pipeline()
	fill(p)
	cmds, err := p.Exec(ctx) // err is the first one, and may be that there is no such thing
	for _, c := range cmds {
		if errors.Is(err, goredis.Nil) {
			err = nil
		}
		err = cmp.Or(err, c.Err())
	}
	if err == nil || errors.Is(err, goredis.Nil) {
		return nil
	}
	return r.failed(ctx, err)
}

// failed makes a Cluster's client look at once for where things are now. By
// itself it waits until a server sends it elsewhere, which a dead one does not,
// or for its next look, every ten seconds.
func (r *Redis) failed(ctx context.Context, err error) error {
	if cluster, ok := r.client.(*goredis.ClusterClient); ok {
		cluster.ReloadState(ctx)
	}
	if !r.opened.Load() && hungUp(err) {
		err = fmt.Errorf("the server closes the connection before it has said anything: %s: %w", whyHungUp, err)
	}
	return explain(err)
}

// whyHungUp: go-redis shows nothing of what a server in protected mode says
// before it hangs up.
const whyHungUp = "it may be in protected mode, in which it answers other machines only if it has a password; or want TLS (rediss); or a proxy may be in between"

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// operatorErrors are how answers begin that nobody but an operator can mend.
var operatorErrors = []string{
	"WRONGPASS", "NOAUTH", "NOPERM", "WRONGTYPE", "ERR unknown command", "ERR AUTH", "ERR DB index", "ERR SELECT is not allowed",
	"ERR This instance has cluster support disabled",
}

func explain(err error) error {
	for _, begin := range operatorErrors {
		if strings.Contains(err.Error(), begin) {
			return fmt.Errorf("redis: %w: %w", journal.ErrRefused, err)
		}
	}
	return fmt.Errorf("redis: %w", err)
}

func refused(format string, args ...any) error {
	return fmt.Errorf("redis: %w: %s", journal.ErrRefused, fmt.Sprintf(format, args...))
}

// scan yields all fields of a hash, each once if nobody changes it meanwhile.
func (r *Redis) scan(ctx context.Context, key string, each func(field, value string)) error {
	for cursor := uint64(0); ; {
		var page *goredis.ScanCmd
		err := r.pipe(ctx, func(p goredis.Pipeliner) { page = p.HScan(ctx, key, cursor, "", 256) })
		if err != nil {
			return err
		}
		var fields []string
		fields, cursor = page.Val()
		for i := 0; i+1 < len(fields); i += 2 {
			each(fields[i], fields[i+1])
		}
		if cursor == 0 {
			return nil
		}
	}
}

// quiet is what go-redis logs to: its errors are returned as well.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func init() { goredis.SetLogger(quiet{}) }
