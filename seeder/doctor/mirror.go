package doctor

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/status"
)

// nowhere is a registry that can't exist (RFC 2606): only a mirror for all
// registries can answer for it.
const nowhere = "doctor.invalid"

// mirror has containerd pull the probe, as it would for a pod, once for every
// registry that it is told to ask the mirror for.
func mirror(ctx context.Context, p *patient) []Result {
	if p.Containerd.None || p.identity == nil {
		return nil
	}
	if err := answersCRI(ctx, p.Containerd.Address); err != nil {
		return []Result{unknown(checkMirror, fmt.Sprintf("containerd can't be asked to pull: %v", err), "see the check of containerd")}
	}
	registries, all := p.mirrored()
	for _, registry := range registries {
		p.remove() // or containerd would only ask whether it is still the same
		all = append(all, p.pull(ctx, registry))
	}
	return all
}

func answersCRI(ctx context.Context, socket string) error {
	k, err := connect(socket)
	if err != nil {
		return err
	}
	defer k.close()
	_, err = k.version(ctx)
	return err
}

// mirrored are registries to try.
func (p *patient) mirrored() (registries []string, found []Result) {
	if p.settings == nil || len(p.settings.folders()) == 0 {
		return []string{nowhere}, nil
	}
	return survey(p.settings.folders()[0], within(p.MirrorAddr))
}

// pull leaves the probe there: the trackers are asked about it next.
func (p *patient) pull(ctx context.Context, registry string) Result {
	k, err := connect(p.Containerd.Address)
	if err != nil {
		return unknown(checkMirror, err.Error(), "")
	}
	image := fmt.Sprintf("%s/%s@%s", registry, repository, p.identity.Image)
	p.remove = func() {
		_ = k.remove(ctx, image) // at worst a few hundred bytes stay
		k.close()
		p.remove = func() {}
	}
	if err := k.pull(ctx, image); err != nil {
		return p.notReached(registry, err)
	}
	p.hasImage = true
	if registry == nowhere {
		return ok(checkMirror, "containerd has pulled a probe through it, from a registry that does not exist")
	}
	return ok(checkMirror, "containerd has pulled a probe through it, as from %s", registry)
}

func (p *patient) notReached(registry string, err error) Result {
	folder := "/etc/containerd/certs.d"
	if p.settings != nil && len(p.settings.folders()) > 0 {
		folder = p.settings.folders()[0]
	}
	of, fix := "of any registry", ""
	if registry != nowhere {
		of, fix = "of "+registry, "mend in its hosts.toml what containerd complains about; or:\n"
	}
	return fault(checkMirror,
		fmt.Sprintf("containerd does not reach the mirror for images %s: %s", of, strings.TrimSpace(status.Convert(err).Message())),
		"It pulls from the registry as if there were no Dray.",
		fix+installHosts(folder, within(p.MirrorAddr))+"\nif config_path has just been set: systemctl restart containerd")
}

func installHosts(folder, addr string) string {
	return fmt.Sprintf("seeder hosts install --path %s --mirror http://%s", folder, addr)
}
