package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/drayproject/dray/tracker/journal"
)

func (r *Redis) papersKey(k journal.Kind) string { return r.prefix + "papers:" + string(k) }
func (r *Redis) actingKey() string               { return r.prefix + "acting" }

// latestField has the latest revision. No paper has an empty name.
const latestField = ""

// putScript changes one field if it is still as its writer knows it. An empty
// text takes it away.
var putScript = goredis.NewScript(`
local there = redis.call('HGET', KEYS[1], ARGV[1])
if (there and string.match(there, '^%d+') or '0') ~= ARGV[2] then return 0 end
local latest = math.max(tonumber(redis.call('HGET', KEYS[1], '` + latestField + `')) or 0, tonumber(ARGV[3])) + 1
redis.call('HSET', KEYS[1], '` + latestField + `', string.format('%.0f', latest))
if ARGV[4] == '' then redis.call('HDEL', KEYS[1], ARGV[1])
else redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', latest) .. ARGV[4]) end
return latest`)

// claimScript goes by the server's clock. A time that is further away than any
// claim reaches is that of another server, whose clock was ahead.
var claimScript = goredis.NewScript(`
local t = redis.call('TIME')
local now, hold = t[1] * 1000 + math.floor(t[2] / 1000), tonumber(ARGV[2])
local was = redis.call('HMGET', KEYS[1], 'holder', 'term', 'until')
local holder, term, ends = was[1], math.max(tonumber(was[2]) or 0, tonumber(ARGV[3])), tonumber(was[3]) or 0
if holder ~= ARGV[1] then
  if holder and now < ends then
    if ends > now + hold then redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now + hold)) end
    return {holder, term}
  end
  term = term + 1
end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'term', string.format('%.0f', term), 'until', string.format('%.0f', now + hold))
return {ARGV[1], term}`)

var resignScript = goredis.NewScript(`
if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('HDEL', KEYS[1], 'holder', 'until') end
return 0`)

var errNotOpen = errors.New("redis: the memory was not opened yet")

// run runs a script on one key.
func (r *Redis) run(ctx context.Context, s *goredis.Script, key string, args ...any) (any, error) {
	if !r.opened.Load() {
		return nil, errNotOpen
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	answer, err := s.Run(ctx, r.client, []string{key}, args...).Result()
	if err != nil {
		return nil, r.failed(ctx, err)
	}
	return answer, nil
}

// Papers implements [journal.Papers].
func (r *Redis) Papers(ctx context.Context, k journal.Kind) (all []journal.Paper, latest int64, err error) {
	if !r.opened.Load() {
		return nil, 0, errNotOpen
	}
	// The number goes first: what is changed meanwhile is read again.
	if latest, err = r.Latest(ctx, k); err != nil {
		return nil, 0, err
	}
	there := map[string]journal.Paper{} // a scan may tell of one twice
	err = r.scan(ctx, r.papersKey(k), func(name, value string) {
		if p, ok := decodePaper(k, name, value); ok {
			there[name] = p
		}
	})
	for _, p := range there {
		all = append(all, p)
	}
	return all, latest, err
}

// Latest implements [journal.Papers].
func (r *Redis) Latest(ctx context.Context, k journal.Kind) (int64, error) {
	if !r.opened.Load() {
		return 0, errNotOpen
	}
	var text *goredis.StringCmd
	if err := r.pipe(ctx, func(p goredis.Pipeliner) { text = p.HGet(ctx, r.papersKey(k), latestField) }); err != nil {
		return 0, err
	}
	latest, _ := strconv.ParseInt(text.Val(), 10, 64) // what is not there, or broken, is lost
	r.saw(latest)
	return latest, nil
}

// saw keeps the largest revision.
func (r *Redis) saw(rev int64) {
	for {
		was := r.revision.Load()
		if rev <= was || r.revision.CompareAndSwap(was, rev) {
			return
		}
	}
}

// Put implements [journal.Papers].
func (r *Redis) Put(ctx context.Context, p journal.Paper) (int64, error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	return r.put(ctx, p)
}

// Drop implements [journal.Papers].
func (r *Redis) Drop(ctx context.Context, p journal.Paper) error {
	if p.Rev == 0 {
		return nil
	}
	p.Text = nil
	_, err := r.put(ctx, p)
	return err
}

func (r *Redis) put(ctx context.Context, p journal.Paper) (int64, error) {
	answer, err := r.run(ctx, putScript, r.papersKey(p.Kind), p.Name, p.Rev, r.revision.Load(), p.Text)
	if err != nil {
		return 0, err
	}
	rev, _ := answer.(int64)
	if rev == 0 {
		return 0, fmt.Errorf("redis: %s %s: %w", p.Kind, p.Name, journal.ErrConflict)
	}
	r.saw(rev)
	return rev, nil
}

func decodePaper(k journal.Kind, name, value string) (p journal.Paper, ok bool) {
	number, text, whole := strings.Cut(value, " ")
	rev, err := strconv.ParseInt(number, 10, 64)
	p = journal.Paper{Kind: k, Name: name, Rev: rev, Text: []byte(text)}
	return p, whole && err == nil && rev > 0 && p.Check() == nil
}

// Claim implements [journal.Claims].
func (r *Redis) Claim(ctx context.Context, hold time.Duration) (c journal.Claim, err error) {
	answer, err := r.run(ctx, claimScript, r.actingKey(), r.ID(), hold.Milliseconds(), r.term.Load())
	if err != nil {
		return c, err
	}
	if both, ok := answer.([]any); ok && len(both) == 2 {
		c.Holder, _ = both[0].(string)
		c.Term, _ = both[1].(int64)
	}
	r.term.Store(c.Term)
	return c, nil
}

// Resign implements [journal.Claims].
func (r *Redis) Resign(ctx context.Context) error {
	_, err := r.run(ctx, resignScript, r.actingKey(), r.ID())
	return err
}
