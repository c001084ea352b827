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
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/durable"
	"dsai.example/dsai/internal/keys"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/vc"
)

func newMemberCommand(a *app) *cobra.Command {
	var inception, keyDir string
	add := &cobra.Command{
		Use: "add NAME", Short: "admit a member; the node keeps the key unless --inception", Args: args(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, in []string) error { return a.memberAdd(c.Context(), in, inception) },
	}
	add.Flags().StringVar(&inception, "inception", "", "file that the member made with: dsai member init NAME")
	list := &cobra.Command{
		Use: "list", Short: "members, and who keeps their keys", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return a.memberList(c.Context()) },
	}
	init := &cobra.Command{
		Use: "init NAME", Short: "make your own keys, on your own machine", Args: args(cobra.ExactArgs(1)),
		Long: `Makes keys that only you have, on your own machine, and a file that tells an
operator who you are. What you sign with them, nobody else can sign.`,
		RunE: func(_ *cobra.Command, in []string) error { return a.memberInit(in[0], keyDir) },
	}
	init.Flags().StringVar(&keyDir, "keys", "", keysHelp)
	return a.group(&cobra.Command{Use: "member", Short: "who lends and who asks"}, add, list, init, newMemberRotateCommand(a))
}

const keysHelp = "folder of your own keys (default: dsai-member in the XDG data folder)"

// keyFolder is where a member's own keys are.
func keyFolder(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if d := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "dsai-member"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find home: %w", err)
	}
	return filepath.Join(home, ".local", "share", "dsai-member"), nil
}

// Names of key files in a member's own folder.
const (
	keyConsent = "consent"
	keyChain   = "chain"
	memberFile = "member.json"
)

const memberFormat = "dsai-member/1"

// memberCard tells an operator who a member is. It holds nothing secret.
type memberCard struct {
	Format    string          `json:"format"`
	Name      string          `json:"name"`
	Inception json.RawMessage `json:"inception"`
}

func (a *app) memberInit(name, keyDir string) error {
	dir, err := keyFolder(keyDir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return fmt.Errorf("make member keys: %w", err)
	}
	ring, err := keys.Create(dir)
	if errors.Is(err, fs.ErrExist) {
		return usage(fmt.Sprintf("make member keys: %s exists already", dir), "your file for operators is "+quote(filepath.Join(dir, memberFile))+"; other keys go elsewhere with --keys DIR")
	}
	if err != nil {
		return err
	}
	inception, err := newInception(ring)
	if err != nil {
		return err
	}
	card, err := json.MarshalIndent(memberCard{memberFormat, name, inception.Raw}, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, memberFile)
	if err := durable.CreateFile(path, append(card, '\n'), 0o600); err != nil {
		return err
	}
	if a.json {
		return a.document(map[string]string{"keys": dir, "inception": path, "did": inception.Issuer})
	}
	a.say("Made your keys in %s. Keep a copy: without them you cannot sign or withdraw as %s.\n", dir, name)
	a.say("Give this file to the operator, it holds nothing secret:\n  %s\n", path)
	a.nextThere("dsai member add --inception %s, on the operator's machine", memberFile)
	return nil
}

func newInception(ring *keys.Ring) (s vc.Sealed[dsai.MemberInception], err error) {
	signer, err := ring.NewMember(keyConsent)
	if err != nil {
		return s, err
	}
	chain, err := ring.NewMember(keyChain)
	if err != nil {
		return s, err
	}
	// Kept, so that the member can show one day whose chain key this is.
	salt, err := ring.Secret("chain-salt")
	if err != nil {
		return s, err
	}
	nonce, err := ring.Secret("nonce")
	if err != nil {
		return s, err
	}
	now := dsai.At(time.Now())
	return vc.Issue(vc.New(dsai.TypeMemberInception, signer.DID(), dsai.MemberInception{
		ID: signer.DID(), ConsentKey: signer.DID(), ChainKey: dsai.Commit("chain-key", dsai.Salt(salt), []byte(chain.DID())),
		Custody: dsai.CustodyDevice, Nonce: dsai.Salt(nonce),
	}, now, 0), now, signer)
}

// owner is a member at their own machine.
type owner struct {
	dir    string
	card   memberCard
	id     dsai.MemberID
	signer vc.Signer
}

func openOwner(keyDir string) (*owner, error) {
	dir, err := keyFolder(keyDir)
	if err != nil {
		return nil, err
	}
	o := &owner{dir: dir}
	if _, err := os.Stat(filepath.Join(dir, memberFile)); err != nil {
		return nil, usage(fmt.Sprintf("no member's keys in %s", dir), "make them with: dsai member init NAME, or name their folder with --keys DIR")
	}
	if err := readJSON(filepath.Join(dir, memberFile), memberFormat, &o.card); err != nil {
		return nil, err
	}
	s, err := vc.Open[dsai.MemberInception](o.card.Inception, dsai.TypeMemberInception)
	if err != nil {
		return nil, err
	}
	if o.id, err = vc.MemberID(s.Subject); err != nil {
		return nil, err
	}
	ring, err := keys.Open(dir)
	if err != nil {
		return nil, err
	}
	_, c, err := openChain(dir, o.card)
	if err != nil {
		return nil, err
	}
	if c.ID != o.id {
		return nil, fmt.Errorf("%s in %s is another member's", keysFile, dir)
	}
	event := len(c.Keys) - 1
	if o.signer, err = ring.Signer(keyName(event)); err != nil {
		return nil, err
	}
	if o.signer.DID() != c.Keys.Last().Sign {
		return nil, fmt.Errorf("key %s in %s is not the one that your key events end with", keyName(event), dir)
	}
	return o, destroyOwn(ring, event) // what a crash left of the keys before
}

func (a *app) memberAdd(ctx context.Context, in []string, inception string) error {
	var p node.MemberArgs
	if inception != "" {
		var card memberCard
		if err := readJSON(inception, memberFormat, &card); err != nil {
			return err
		}
		p = node.MemberArgs{Name: card.Name, Inception: card.Inception}
	}
	if len(in) == 1 {
		p.Name = in[0]
	}
	if p.Name == "" {
		return usage("add member: no name", "usage: dsai member add NAME")
	}
	var out node.MemberShown
	if err := a.call(ctx, "member.add", p, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	a.say("%s is a member, %s.\n", out.Name, a.id(out.Short, out.ID))
	if out.Custody == dsai.CustodyDevice {
		a.say("Only %s can sign for %[1]s.\n", out.Name)
		a.next("dsai consent request PATH --to %s", quote(out.Name))
		return nil
	}
	a.say("This node keeps the key, and its operator could sign in the name of %s.\n", out.Name)
	a.next("dsai add PATH --as %s", quote(out.Name))
	return nil
}

func (a *app) memberList(ctx context.Context) error {
	out := []node.MemberShown{}
	if err := a.call(ctx, "member.list", node.Nothing{}, nil, &out); err != nil {
		return err
	}
	if a.json {
		return a.document(out)
	}
	rows := [][]string{{"MEMBER", "NAME", "KEY", "DOCUMENTS", ""}}
	for _, m := range out {
		founder := ""
		if m.Founder {
			founder = "founder"
		}
		rows = append(rows, []string{a.id(m.Short, m.ID), m.Name, custodian(m.Custody), strconv.Itoa(m.Documents), founder})
	}
	a.table(rows...)
	return nil
}

func custodian(c dsai.Custody) string {
	if c == dsai.CustodyDevice {
		return "their own"
	}
	return "kept by this node"
}
