// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/node"
	"dsai.example/dsai/internal/verifiable/engine"
	"dsai.example/dsai/internal/verifiable/gguf"
	"dsai.example/dsai/internal/verifiable/gguf/gguftest"
	"dsai.example/dsai/internal/verifiable/infer/infertest"
	"dsai.example/dsai/internal/view"
)

// presence says when something was there. It is odd while the thing is away, so that a
// request can tell whether it may have missed it: see excuse.
type presence struct{ n atomic.Int64 }

func (p *presence) leave() { p.n.Add(1) }
func (p *presence) back()  { p.n.Add(1) }

// since returns whether the thing was away at any time since n was read.
func (p *presence) since(n int64) bool { return n%2 == 1 || p.n.Load() != n }

// model is one that the node runs.
type model struct {
	presence
	name, path string
	print      dsai.Digest
}

// home is a node in a process of its own, with models and members.
type home struct {
	bin, dir string
	keep     bool

	models []*model
	papers []*paper
	trust  *dsai.Trust

	up    presence     // odd while the node is killed and starts again
	verbs sync.RWMutex // held to call one, so that kills meet none half way
	cmd   *exec.Cmd
	node  *control.Remote
	at    atomic.Value // the URL of its API, a string
	id    atomic.Int64 // of its process
}

func (h *home) address() string { return h.at.Load().(string) }
func (h *home) pid() int        { return int(h.id.Load()) }

// found makes a co-op with members who lend documents, two models, and starts its node.
func found(o options) (*home, error) {
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dsai-serve-")
	if err != nil {
		return nil, err
	}
	h := &home{bin: bin, dir: dir, keep: o.keep}
	err = h.furnish()
	if err != nil {
		return nil, errors.Join(err, h.close())
	}
	return h, nil
}

func (h *home) furnish() error {
	if _, err := h.dsai("init", "--coop", "Soak"); err != nil {
		return err
	}
	if err := h.start(); err != nil {
		return err
	}
	if err := h.call("trust", node.TrustArgs{}, &h.trust); err != nil {
		return err
	}
	for i, arch := range []string{"llama", "qwen2"} {
		m, err := h.model(arch, []gguf.Type{gguf.Q8_0, gguf.Q4_0}[i])
		if err != nil {
			return err
		}
		if _, err := h.dsai("model", "add", "--name", m.name, m.path); err != nil {
			return err
		}
		h.models = append(h.models, m)
	}
	return h.library()
}

// model writes a model file whose weights come from a seed. It is tiny: what it costs is mostly its
// prompt, a token for each byte.
func (h *home) model(arch string, t gguf.Type) (*model, error) {
	s := infertest.Speaker(1)
	s.Architecture, s.Type, s.Width, s.Inner, s.Heads, s.KeyHeads, s.Context = arch, t, 64, 128, 2, 1, 4096
	speak(s.Extra)
	m := &model{name: "soak-" + arch, path: filepath.Join(h.dir, arch+".gguf")}
	if err := os.WriteFile(m.path, s.File(), 0o600); err != nil {
		return nil, err
	}
	f, err := engine.OpenFile(m.path)
	if err != nil {
		return nil, err
	}
	m.print, err = f.Fingerprint(context.Background(), nil)
	return m, errors.Join(err, f.Close())
}

// speak gives a vocabulary ends of sentences, words of the documents and marks of sources: then answers
// leave the node piece by piece, and some cite.
func speak(vocabulary []gguftest.Pair) {
	for _, p := range vocabulary {
		if p.Key != "tokenizer.ggml.tokens" {
			continue
		}
		texts := p.Value.([]string)
		for i := len(texts) / 2; i < len(texts); i++ {
			const word = "\u2581"
			switch i % 8 { // no two tokens are alike
			case 0, 1:
				texts[i] = fmt.Sprintf("%srests%d!", word, i)
			case 2:
				texts[i] = fmt.Sprintf("%sThe %s rests %d weeks each year [%d]!", word, topics[i/8%len(topics)], i/64-2, i%3+1)
			}
		}
	}
}

func (h *home) path() string { return filepath.Join(h.dir, "home") }

// dsai runs a verb of the program in this home.
func (h *home) dsai(args ...string) ([]byte, error) {
	c := h.command(args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("dsai %s: %w: %s%s", args[0], err, out, stderr.Bytes())
	}
	return out, err
}

func (h *home) command(args ...string) *exec.Cmd {
	c := exec.Command(h.bin, slices.Concat([]string{"--home", h.path(), "--yes"}, args)...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this program, which stops the node itself
	c.Env = append(os.Environ(), "DSAI_LOG=error", "XDG_CONFIG_HOME="+filepath.Join(h.dir, "config"))
	return c
}

func (h *home) start() error {
	h.cmd = h.command("up", "--listen", "127.0.0.1:0")
	h.cmd.Stderr = os.Stderr
	if err := h.cmd.Start(); err != nil {
		h.cmd = nil
		return err
	}
	var st view.Status
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) { // another process: there is no clock to fake
		var err error
		if h.node, err = control.Dial(node.Home(h.path()).Socket()); err == nil {
			err = h.node.Call(context.Background(), "status", node.Nothing{}, nil, &st)
		}
		if err == nil && st.Listen != "" {
			h.at.Store("http://" + st.Listen)
			h.id.Store(int64(h.cmd.Process.Pid))
			return nil
		}
		if time.Since(began) > time.Minute {
			return fmt.Errorf("the node does not become ready: %w", err)
		}
	}
}

// kill ends the node as a crash would, and starts it again.
func (h *home) kill() error {
	h.verbs.Lock()
	defer h.verbs.Unlock()
	h.up.leave()
	defer h.up.back()
	if err := h.cmd.Process.Kill(); err != nil {
		return err
	}
	_ = h.cmd.Wait() // says that it was killed
	_ = h.node.Close()
	return h.start()
}

// call has the node carry out a verb.
func (h *home) call(method string, args, into any) error {
	h.verbs.RLock()
	defer h.verbs.RUnlock()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := h.node.Call(ctx, method, args, nil, into); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// fsck stops the node, and has the program look through what it left.
func (h *home) fsck() error {
	if err := h.stop(); err != nil {
		return fmt.Errorf("stop the node: %w", err)
	}
	_, err := h.dsai("fsck")
	return err
}

// stop ends the node in good order.
func (h *home) stop() error {
	if h.cmd == nil {
		return nil
	}
	c := h.cmd
	h.cmd = nil
	late := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer late.Stop()
	return errors.Join(c.Process.Signal(os.Interrupt), c.Wait())
}

func (h *home) close() error {
	err := h.stop()
	if h.keep {
		fmt.Println("serve: the home is", h.path())
		return err
	}
	return errors.Join(err, os.RemoveAll(h.dir))
}

// bundle returns the operator's whole bundle of a receipt.
func (h *home) bundle(d dsai.Digest) (raw json.RawMessage, err error) {
	return raw, h.call("bundle", node.BundleArgs{Ref: d.String()}, &raw)
}
