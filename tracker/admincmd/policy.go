package admincmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
	"github.com/drayproject/dray/tracker/placement"
)

func placementCommands() []*cobra.Command {
	return []*cobra.Command{
		policyCommand(), prewarmCommand(), jobCommand(), drainsCommand(),
		capacityCommand(),
		show(view[admin.Placement]{
			use: "placement", short: "Which tracker places content, and what is wrong with that", args: cobra.NoArgs,
			ask: fixed[admin.Placement]("/placement"), draw: drawPlacement,
		}),
	}
}

// group makes a command of several.
func group(use, short string, all ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short}
	of(cmd)
	cmd.AddCommand(all...)
	return cmd
}

func policyCommand() *cobra.Command {
	return group("policy", "Replication policies: what should be on several nodes, always",
		show(view[admin.Policies]{
			use: "list", short: "All policies", args: cobra.NoArgs, ask: fixed[admin.Policies]("/policies"), draw: drawPolicies,
		}),
		show(view[admin.PolicyDetail]{
			use: "show <policy>", short: "A policy, and how it stands with each of its images", args: cobra.ExactArgs(1), complete: policyNames,
			ask: named[admin.PolicyDetail]("/policies/", ""), draw: drawPolicy,
		}),
		filedCommand("put", "Make the policies of a file, or put them in place of those of the same names", putPolicies),
		filedCommand("dry-run", "What the policies of a file would cost, and what of them can't be", dryRun),
		leaf("delete <policy>…", "End policies: what they kept is released, and stays until garbage collection wants the room",
			cobra.MinimumNArgs(1), policyNames, func(cmd *cobra.Command, s *session, args []string) error {
				return s.remove(cmd.Context(), "/policies/", args)
			}),
		explainPlaceCommand(),
	)
}

// remove deletes things, one after the other.
func (s *session) remove(ctx context.Context, where string, names []string) error {
	done := []admin.Named{}
	for _, name := range names {
		n, err := call[admin.Named](ctx, s.client, http.MethodDelete, where+segment(name), nil)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		done = append(done, n)
	}
	return s.write(done, func() {
		for _, n := range done {
			_, _ = fmt.Fprintln(s, n.Name, "is gone") // to the terminal
		}
	})
}

// filedCommand does something with the policies of a file.
func filedCommand(use, short string, do func(context.Context, *session, []placement.Policy) error) *cobra.Command {
	var file string
	cmd := leaf(use, short, cobra.NoArgs, nil, func(cmd *cobra.Command, s *session, _ []string) error {
		policies, err := readPolicies(cmd.InOrStdin(), file)
		if err != nil {
			return Failure{Usage, err}
		}
		return do(cmd.Context(), s, policies)
	})
	cmd.Flags().StringVarP(&file, "file", "f", "", `file with policies, as the tracker's policies-file has them; "-" for the standard input`)
	return cmd
}

func readPolicies(stdin io.Reader, file string) ([]placement.Policy, error) {
	var text []byte
	var err error
	switch file {
	case "":
		return nil, errors.New("which file? (--file)")
	case "-":
		text, err = io.ReadAll(io.LimitReader(stdin, 1<<20))
	default:
		text, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	return placement.ParsePolicies(text)
}

func putPolicies(ctx context.Context, s *session, policies []placement.Policy) error {
	all := admin.Policies{}
	for i := range policies {
		name := policies[i].Name
		p, err := give[admin.PolicyDetail](ctx, s.client, http.MethodPut, "/policies/"+segment(name), nil, &policies[i])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all.Items = append(all.Items, p.PolicyItem)
	}
	return s.write(all, func() { drawPolicies(s.screen, &all) })
}

func dryRun(ctx context.Context, s *session, policies []placement.Policy) error {
	all := map[string]admin.DryRun{}
	for i := range policies {
		d, err := give[admin.DryRun](ctx, s.client, http.MethodPost, "/dry-run", nil, &policies[i])
		if err != nil {
			return fmt.Errorf("%s: %w", policies[i].Name, err)
		}
		all[policies[i].Name] = d
	}
	return s.write(all, func() {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			d := all[name]
			_, _ = fmt.Fprintf(s, "%s: %d images, %d copies to be made, %s and %d copies of unknown size\n", name, d.Images, d.Copies, size(d.Bytes), d.Unknown)
			for _, c := range d.Contradiction {
				_, _ = fmt.Fprintf(s, "  contradicts: %s and %s: %s\n", c.Policy, c.Other, c.Reason)
			}
			s.then(s.images(d.Status))
		}
	})
}

func drawPolicies(s *screen, a *admin.Policies) {
	t := s.sheet("policy", "copies", "images", "short", "from", "patterns", "+select", "+strategies")
	for _, p := range a.Items {
		t.row(p.Policy.Name, copies(&p.Policy), number(p.Images), number(p.Short), from(p.Filed), strings.Join(p.Policy.Images, " "),
			fmt.Sprint(p.Policy.Select), fmt.Sprint(p.Policy.Strategies))
	}
	t.draw()
}

func copies(p *placement.Policy) string {
	if p.Every {
		return "every"
	}
	return number(p.Factor)
}

func from(file bool) string {
	if file {
		return "file"
	}
	return "API"
}

func drawPolicy(s *screen, p *admin.PolicyDetail) {
	drawPolicies(s, &admin.Policies{Items: []admin.PolicyItem{p.PolicyItem}})
	s.then(s.images(p.Status))
}

func (s *screen) images(all []admin.PolicyImage) *sheet {
	t := s.sheet("image", "wanted", "have", "coming", "missing", "reason", "+digest")
	for _, i := range all {
		var reasons []string
		for _, r := range i.Reasons {
			reasons = append(reasons, r.Text)
		}
		t.row(i.Image, number(i.Wanted), strings.Join(i.Have, " "), strings.Join(i.Coming, " "), number(i.Missing), strings.Join(reasons, "; "), string(i.Digest))
	}
	return t
}

func policyNames(ctx context.Context, c *client, _ string) (names []string, err error) {
	all, err := call[admin.Policies](ctx, c, http.MethodGet, "/policies", nil)
	for _, p := range all.Items {
		names = append(names, p.Policy.Name)
	}
	return names, err
}
