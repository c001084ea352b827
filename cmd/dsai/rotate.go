// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/node"
)

const compromisedHelp = "say that the old key may be in other hands"

func newMemberRotateCommand(a *app) *cobra.Command {
	var file, keyDir string
	var compromised bool
	c := &cobra.Command{
		Use: "rotate [NAME]", Short: "change a member's key; without NAME your own, on your own machine", Args: args(cobra.MaximumNArgs(1)),
		Long: `Changes the key with which a member consents. What the old key signed stays
valid; from then on it can only withdraw.

With NAME the node changes a key that it keeps. Without, you change your own on
your own machine and give the file to the operator, who hands it in (--file).`,
		RunE: func(c *cobra.Command, in []string) error {
			switch {
			case file != "" && len(in) == 0 && keyDir == "" && !compromised:
				return a.rotateFile(c.Context(), file)
			case file == "" && len(in) == 0:
				return a.rotateOwn(keyDir, compromised)
			case file == "" && keyDir == "":
				return a.rotateMember(c.Context(), in[0], compromised)
			}
			return usage("rotate: want one of NAME, --keys DIR and --file FILE", "see dsai member rotate --help")
		},
	}
	c.Flags().StringVar(&file, "file", "", "hand in the file that a member made with: dsai member rotate")
	c.Flags().StringVar(&keyDir, "keys", "", keysHelp)
	c.Flags().BoolVar(&compromised, "compromised", false, compromisedHelp)
	return c
}

func (a *app) rotateMember(ctx context.Context, name string, compromised bool) error {
	var out node.Rotated
	if err := a.call(ctx, "member.rotate", node.RotateArgs{Member: name, Compromised: compromised}, nil, &out); err != nil {
		return err
	}
	return a.showRotated(&out)
}

// rotateFile hands in the key events that a member made elsewhere.
func (a *app) rotateFile(ctx context.Context, path string) error {
	var k node.MemberKeys
	if err := readJSON(path, node.KeysFormat, &k); err != nil {
		return err
	}
	var out node.Rotated
	if err := a.call(ctx, "member.keys", k, nil, &out); err != nil {
		return err
	}
	return a.showRotated(&out)
}

func (a *app) showRotated(r *node.Rotated) error {
	if a.json {
		return a.document(r)
	}
	if r.New == 0 {
		a.say("Known already: %s has had key %d since %s.\n", r.Name, r.Sequence+1, when(r.From))
		return nil
	}
	a.say("%s signs with another key from %s on. What the old one signed stays valid; it can only withdraw now.\n", r.Name, when(r.From))
	a.next("dsai consent list")
	return nil
}

// keysFile is a member's own record of key events, beside the keys. It decides
// which key file is in force, and is what operators are given.
const keysFile = "keys.json"

// keyName is the file of the consent key that an event brought.
func keyName(event int) string {
	if event == 0 {
		return keyConsent
	}
	return keyConsent + "-" + strconv.Itoa(event)
}

// openChain reads the key events of a member's own folder: none is the usual case.
func openChain(dir string, card memberCard) (node.MemberKeys, *node.Chain, error) {
	k := node.MemberKeys{Format: node.KeysFormat, Name: card.Name, Inception: card.Inception, Events: []json.RawMessage{}}
	path := filepath.Join(dir, keysFile)
	if _, err := os.Stat(path); err == nil {
		if err := readJSON(path, node.KeysFormat, &k); err != nil {
			return k, nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return k, nil, fmt.Errorf("read key events: %w", err)
	}
	c, err := k.Open()
	if err != nil {
		return k, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return k, c, nil
}

// rotateOwn changes the key of the member whose machine this is. The new key is
// on disk before the event that brings it into force, and the old one is
// destroyed after it.
func (a *app) rotateOwn(keyDir string, compromised bool) error {
	o, err := openOwner(keyDir)
	if err != nil {
		return err
	}
	k, c, err := openChain(o.dir, o.card)
	if err != nil {
		return err
	}
	ring, err := keys.Open(o.dir)
	if err != nil {
		return err
	}
	number := len(c.Keys)
	if err := ring.Remove(keyName(number)); err != nil { // of an attempt that was cut off
		return err
	}
	fresh, err := ring.NewMember(keyName(number))
	if err != nil {
		return err
	}
	e, err := node.NewMemberEvent(&c.Inception, c.ID, c.Events, node.MemberChange{
		Old: o.signer, New: fresh, Now: dsai.At(time.Now()), Custody: dsai.CustodyDevice, Compromised: compromised})
	if err != nil {
		return err
	}
	k.Events = append(k.Events, e.Raw)
	text, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(o.dir, keysFile)
	if err := durable.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write key events: %w", err)
	}
	if err := destroyOwn(ring, number); err != nil {
		return err
	}
	// Times have whole seconds: what is signed next must be after the change.
	time.Sleep(time.Until(e.ValidFrom.Std()))
	if a.json {
		return a.document(map[string]string{"file": path, "event": e.Digest.String(), "key": fresh.DID()})
	}
	a.say("You sign with another key now. Keep a copy of %s.\n", o.dir)
	a.say("Give this file to every operator who has your consents, it holds nothing secret:\n  %s\n", path)
	a.nextThere("dsai member rotate --file %s, on the operator's machine", keysFile)
	return nil
}

// destroyOwn removes the consent keys before the one that an event brought.
func destroyOwn(ring *keys.Ring, event int) error {
	for i := range event {
		if err := ring.Remove(keyName(i)); err != nil {
			return err
		}
	}
	return nil
}

func newNodeRotateCommand(a *app) *cobra.Command {
	var r node.RotateNodeArgs
	c := &cobra.Command{
		Use: "rotate --key NAMES", Short: "change keys of this node: " + strings.Join(node.KeyNames(), ", "), Args: args(cobra.NoArgs),
		Long: `Changes keys of this node, while it runs. What was signed stays valid. With another
log key the log continues in a new epoch. Hand the trust file out again afterwards:
who has only the old one is told so.`,
		RunE: func(c *cobra.Command, _ []string) error { return a.nodeRotate(c.Context(), r) },
	}
	c.Flags().StringSliceVar(&r.Keys, "key", nil, "which: "+strings.Join(node.KeyNames(), ", "))
	c.Flags().BoolVar(&r.Compromised, "compromised", false, compromisedHelp)
	return c
}

// renewTrust brings the user's own trust file for this co-op up to its node's keys.
func (a *app) renewTrust(ctx context.Context) error {
	var now dsai.Trust
	if err := a.call(ctx, "trust", node.TrustArgs{}, nil, &now); err != nil {
		return err
	}
	ts, _, err := a.trusted()
	if err != nil {
		return err
	}
	for _, t := range ts {
		i := slices.IndexFunc(t.Nodes, func(n dsai.TrustNode) bool { return n.Node == now.Nodes[0].Node })
		if t.Coop != now.Coop || i < 0 {
			continue
		}
		t.Nodes[i] = now.Nodes[0]
		if _, err := a.believe(t); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) nodeRotate(ctx context.Context, r node.RotateNodeArgs) error {
	var out node.NodeRotated
	if err := a.call(ctx, "node.rotate", r, nil, &out); err != nil {
		return err
	}
	if err := a.renewTrust(ctx); err != nil {
		return fmt.Errorf("the keys are changed; write your own trust file: %w", err)
	}
	if a.json {
		return a.document(out)
	}
	a.say("The node has another key for %s from %s on. What the old one signed stays valid.\n", strings.Join(out.Keys, ", "), when(out.From))
	a.say("The log is in epoch %d. Whoever verifies needs the trust file again.\n", out.Epoch)
	a.next("dsai trust export FILE")
	return nil
}
