package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/opencontainers/go-digest"
)

// samplerProcess is a sampler that runs.
type samplerProcess struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
	log bytes.Buffer
}

// startSampler returns when the sampler is ready.
func startSampler(ctx context.Context, e errand) (*samplerProcess, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &samplerProcess{cmd: exec.CommandContext(ctx, program, "fleet", "sampler")}
	p.cmd.Stderr = &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = json.NewDecoder(out)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := errors.Join(json.NewEncoder(p.in).Encode(e), p.out.Decode(new(sight))); err != nil {
		return nil, errors.Join(err, p.end(new(sight)))
	}
	return p, nil
}

// end tells it that it is over, and takes what it has seen.
func (p *samplerProcess) end(seen *sight) error {
	_ = p.in.Close()
	err := p.out.Decode(seen)
	if err = errors.Join(err, p.cmd.Wait()); err != nil {
		return fmt.Errorf("sampler: %w: %s", err, &p.log)
	}
	return nil
}

// sampled has a sampler look at the first tracker meanwhile.
func sampled(ctx context.Context, e errand, meanwhile func() error) (s sight, err error) {
	p, err := startSampler(ctx, e)
	if err != nil {
		return s, err
	}
	return s, errors.Join(meanwhile(), p.end(&s))
}

// errand is for lookups of so many digests each, as the virtual seeders have.
func (r *run) errand(digests int) errand {
	const different = 1000
	e := errand{Addr: r.trackers[0].addr}
	for range different {
		e.Askers = append(e.Askers, r.fleet.someone().name)
		var list []digest.Digest
		for _, d := range r.wanted(digests) {
			list = append(list, r.fleet.catalogue.digests[d])
		}
		e.Lookups = append(e.Lookups, list)
	}
	return e
}
