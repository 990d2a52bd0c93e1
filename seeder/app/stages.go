package app

import (
	"context"
	"sync"
)

// task runs until its context ends; an earlier end with an error ends the whole
// process. It returns only when everything that it started has ended.
type task func(context.Context) error

// inStages runs all tasks side by side until ctx ends or one of them fails, and
// then stops them stage by stage: the contexts of one stage end when all tasks
// of the stage before have returned. Bounding how long a stage takes is the
// tasks' own business. It returns the first failure.
func inStages(ctx context.Context, stages ...[]task) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var (
		once  sync.Once
		first error
		ended = ctx.Done()
	)
	for _, tasks := range stages {
		ended = runStage(context.WithoutCancel(ctx), ended, tasks, func(err error) {
			once.Do(func() { first = err })
			fail(err)
		})
	}
	<-ended
	return first
}

// runStage starts tasks with a context that lasts until stop is closed; the
// channel that it returns is closed when all have returned.
func runStage(ctx context.Context, stop <-chan struct{}, tasks []task, fail func(error)) <-chan struct{} {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, run := range tasks {
		running.Go(func() {
			if err := run(ctx); err != nil {
				fail(err)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-stop
		cancel()
		running.Wait()
	}()
	return done
}
