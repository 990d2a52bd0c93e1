package redis

import (
	"context"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/drayproject/dray/tracker/journal"
)

const (
	schema     = "dray-journal-1"
	oldestHere = "6.2"
)

// Open implements [journal.Journal].
func (r *Redis) Open(ctx context.Context) error {
	var info *goredis.StringCmd
	if err := r.pipe(ctx, func(p goredis.Pipeliner) { info = p.Info(ctx, "server") }); err != nil {
		return err
	}
	if err := checkServer(info.Val()); err != nil {
		return err
	}
	if err := r.own(ctx); err != nil {
		return err
	}
	r.opened.Store(true)
	return nil
}

// checkServer looks at the answer to INFO. Nothing that is used is missing from
// 6.0 on, but 6.2 is the oldest that still gets fixes; 5 lacks AUTH with a user.
func checkServer(info string) error {
	_, after, found := strings.Cut(info, "redis_version:")
	version, _, _ := strings.Cut(after, "\r\n")
	var major, minor int
	if n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor); !found || n != 2 {
		return refused("it does not say what version of Redis it is")
	}
	switch {
	case major < 6:
		return refused("it is Redis %s, which lacks HELLO and AUTH with a user: want %s or later", version, oldestHere)
	case major == 6 && minor < 2:
		return refused("it is Redis %s: want %s or later", version, oldestHere)
	}
	return nil
}

// own makes sure that the keys with the prefix are ours.
func (r *Redis) own(ctx context.Context) error {
	known, err := r.recognise(ctx)
	if known || err != nil {
		return err
	}
	stranger, err := r.anyKey(ctx)
	if err != nil {
		return err
	}
	if stranger == "" {
		return r.pipe(ctx, func(p goredis.Pipeliner) { p.SetNX(ctx, r.versionKey(), schema, 0) })
	}
	// Another tracker may have begun just now.
	if known, err = r.recognise(ctx); !known && err == nil {
		err = refused("there is a key %q, but no %q, so it may be another program's: choose another prefix, or delete all keys that begin with %q",
			stranger, r.versionKey(), r.prefix)
	}
	return err
}

// recognise looks for our own version of the schema; another one's is an error.
func (r *Redis) recognise(ctx context.Context) (bool, error) {
	var version *goredis.StringCmd
	if err := r.pipe(ctx, func(p goredis.Pipeliner) { version = p.Get(ctx, r.versionKey()) }); err != nil {
		return false, err
	}
	switch v := version.Val(); {
	case v == "" && version.Err() == goredis.Nil: //nolint:errorlint // go-redis documents the comparison
		return false, nil
	case v != schema:
		return false, refused("%q says %.40q, which is not %q: it is another program's, or another version of Dray's; choose another prefix", r.versionKey(), v, schema)
	}
	return true, nil
}

// anyKey finds one of the keys that we would use, of those that are written
// together with the version, or after it: the claim and the papers may be there a
// moment before, when a memory that was flushed is filled again.
func (r *Redis) anyKey(ctx context.Context) (string, error) {
	keys := []string{r.trackersKey()}
	for shelf := range journal.Shelves {
		keys = append(keys, r.nodesKey(shelf), r.setsKey(shelf), r.stampsKey(shelf))
	}
	there := make([]*goredis.IntCmd, len(keys))
	err := r.pipe(ctx, func(p goredis.Pipeliner) {
		for i, key := range keys {
			there[i] = p.Exists(ctx, key)
		}
	})
	if err != nil {
		return "", err
	}
	for i, key := range keys {
		if there[i].Val() > 0 {
			return key, nil
		}
	}
	return "", nil
}
