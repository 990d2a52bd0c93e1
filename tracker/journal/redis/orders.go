package redis

import (
	"context"
	"strconv"

	goredis "github.com/redis/go-redis/v9"
)

// Orders implements [journal.Orders].
func (r *Redis) Orders(ctx context.Context) (map[string]int64, error) {
	orders := map[string]int64{}
	err := r.scan(ctx, r.ordersKey(), func(node, text string) {
		if o, err := strconv.ParseInt(text, 10, 64); err == nil { // a broken one is given again
			orders[node] = o
		}
	})
	return orders, err
}

// Order implements [journal.Orders].
func (r *Redis) Order(ctx context.Context, orders map[string]int64) error {
	if len(orders) == 0 {
		return nil
	}
	fields := make([]any, 0, 2*len(orders))
	for node, o := range orders {
		fields = append(fields, node, o)
	}
	return r.pipe(ctx, func(p goredis.Pipeliner) { p.HSet(ctx, r.ordersKey(), fields...) })
}
