// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package arch

// Table is the import rule of every package, in the order in which a request
// meets them. A package that is not here is an error.
var Table = []Row{
	{Path: ".", D: true,
		Why: "the vocabulary of everything that travels: standard library only, because outsiders link it"},
	{Path: "verify", D: true,
		May: []string{"internal/policy", "internal/verifiable/answer", "internal/verifiable/consent", "internal/verifiable/extract",
			"internal/verifiable/identity", "internal/verifiable/ingest/lang", "internal/verifiable/merkle", "internal/verifiable/purpose", "internal/verifiable/rank",
			"internal/verifiable/vc", modSumdb, modFormats},
		Why: "checks a bundle offline: only deterministic packages and the log's formats, no engine, no store"},

	// The request path and what joins it.
	{Path: "internal/pipeline",
		Why: "the request path states its seams itself, so it needs nothing but the vocabulary"},
	{Path: "internal/policy", D: true,
		May: []string{"internal/verifiable/purpose", "internal/verifiable/vc", "cel.dev/cel-go", modToml},
		Why: "rules are evaluated by CEL, written as TOML and digested as canonical JSON by vc"},
	{Path: "internal/node",
		May: []string{"verify", "internal/...", modToml, modSync, modSumdb, modFormats, modSys, modSystemd},
		Why: "the one place that wires: it may see every package, but heavy modules stay in their homes; it asks the system for clock and disk"},

	// How people and programs reach a node.
	{Path: "cmd/dsai",
		May: []string{"verify", "internal/...", "github.com/spf13/cobra", modToml, "golang.org/x/term", modSystemd},
		Why: "one file per verb; the only importer of cobra"},
	{Path: "internal/control",
		Why: "carries a named method to the process that owns a home; knows no method"},
	{Path: "internal/view",
		Why: "rows that the command line, the API and the pages show alike: values only"},
	{Path: "internal/api",
		May: []string{"verify", "internal/api/openai", "internal/keys", "internal/obs", "internal/pipeline", "internal/verifiable/purpose",
			"internal/view", "golang.org/x/time", modSync},
		Why: "speaks HTTP; what it serves is handed in as interfaces"},
	{Path: "internal/api/openai",
		May: []string{"internal/inert", "internal/view"},
		Why: "pure translation of the wire format, so that SDK quirks are tested without a server"},
	{Path: "internal/ui",
		May: []string{"verify", "internal/inert", "internal/obs", "internal/pipeline", "internal/view"},
		Why: "pages show what the node did through the interfaces they declare"},
	{Path: "internal/demo",
		May: []string{"verify", "internal/..."},
		Why: "plays the seven beats against a real node in a temporary home"},

	// What everybody stands on.
	{Path: "internal/inert", D: true,
		Why: "what a terminal or a page would obey in foreign text, said once for all who show it"},
	{Path: "internal/keys",
		May: []string{"internal/durable", "internal/verifiable/vc", "github.com/mr-tron/base58"},
		Why: "key files are written durably and sign credentials"},
	{Path: "internal/store",
		May: []string{"internal/durable", "internal/obs", "modernc.org/sqlite"},
		Why: "the only package that writes SQL"},
	{Path: "internal/durable",
		May: []string{modSys},
		Why: "crash-safe files need the system's own calls and nothing of ours"},
	{Path: "internal/obs",
		May: []string{"github.com/prometheus/client_golang"},
		Why: "logs, metrics and the debug server; everything that is not deterministic may use it, so it uses nothing of ours"},

	// Resilience: work survives lost nodes.
	{Path: "internal/resilience", Why: "the layer's own description; no code"},
	{Path: "internal/resilience/upstream",
		May: []string{"internal/obs", "internal/pipeline", modJCS, "golang.org/x/time"},
		Why: "speaks to an OpenAI-compatible server that the operator named"},

	// Verifiable: every answer can be checked.
	{Path: "internal/verifiable", Why: "the layer's own description; no code"},
	{Path: "internal/verifiable/vc", D: true,
		May: []string{modJCS, "github.com/mr-tron/base58"},
		Why: "credentials: canonical JSON, proofs, schemas, status lists"},
	{Path: "internal/verifiable/identity", D: true,
		May: []string{"internal/verifiable/vc"},
		Why: "which key was in force when: one rule for the verifier that judges by it and the node that refuses by it"},
	{Path: "internal/verifiable/merkle", D: true,
		May: []string{modSumdb},
		Why: "roots and inclusion proofs of small trees, by the arithmetic of sumdb/tlog"},
	{Path: "internal/verifiable/purpose", D: true,
		Why: "the pinned vocabulary and the every-path rule"},
	{Path: "internal/verifiable/consent", D: true,
		May: []string{"internal/policy", "internal/verifiable/purpose", "internal/verifiable/vc"},
		Why: "the gate decides from signed, logged values that it is handed"},
	{Path: "internal/verifiable/ingest/lang", D: true,
		May: []string{modUAX, modText},
		Why: "words, sentences and languages, the same on every machine"},
	{Path: "internal/verifiable/ingest/segment", D: true,
		May: []string{"internal/verifiable/ingest/lang", modUAX},
		Why: "cuts text into passages; a derivation must come out the same everywhere"},
	{Path: "internal/verifiable/ingest",
		May: []string{"internal/durable", "internal/obs", "internal/verifiable/ingest/lang", "internal/verifiable/ingest/segment", "internal/verifiable/merkle", "internal/verifiable/vc",
			"github.com/klippa-app/go-pdfium", "github.com/tetratelabs/wazero", "github.com/gabriel-vasile/mimetype",
			"github.com/yuin/goldmark", "golang.org/x/net/html", modUAX, modText, modSumdb, modSync},
		Why: "files to text to passages: the only door for foreign document formats"},
	{Path: "internal/verifiable/rank", D: true,
		May: []string{"internal/verifiable/ingest/lang"},
		Why: "integer ranking that an auditor recomputes without an index"},
	{Path: "internal/verifiable/retrieve",
		May: []string{"internal/durable", "internal/obs", "internal/pipeline", "internal/verifiable/consent", "internal/verifiable/ingest/lang",
			"internal/verifiable/merkle", "internal/verifiable/purpose", "internal/verifiable/rank", "github.com/blevesearch", "github.com/RoaringBitmap/roaring/v2", modSumdb},
		Why: "postings from the index to the ranking; the only importer of bleve, whose deletions are roaring bitmaps; its statistics have a Merkle root"},
	{Path: "internal/verifiable/extract", D: true,
		May: []string{"internal/inert", "internal/verifiable/answer", "internal/verifiable/ingest/lang", "internal/verifiable/rank", modUAX},
		Why: "quotes passages; replayed by auditors"},
	{Path: "internal/verifiable/gguf", D: true,
		Why: "model files are a stranger's: bounds before trust, bytes before numbers"},
	{Path: "internal/verifiable/gguf/gguftest",
		May: []string{"internal/verifiable/gguf"},
		Why: "writes model files, true and false ones, for tests and generators"},
	{Path: "internal/verifiable/token", D: true,
		May: []string{"internal/verifiable/gguf"},
		Why: "text to tokens and back is part of what an auditor repeats"},
	{Path: "internal/verifiable/jinja", D: true,
		Why: "chat templates are a stranger's programs, and decide the prompt that an auditor repeats"},
	{Path: "internal/verifiable/chat", D: true,
		May: []string{"internal/verifiable/jinja", "internal/verifiable/token"},
		Why: "the form in which a question is put to a model, part of what an auditor repeats"},
	{Path: "internal/verifiable/tensor", D: true,
		May: []string{"internal/verifiable/gguf", "golang.org/x/sys/cpu"},
		Why: "the numeric profile: every sum's order and every product's rounding; it asks the CPU which registers it has, which cannot show in a result"},
	{Path: "internal/verifiable/infer", D: true,
		May: []string{"internal/verifiable/gguf", "internal/verifiable/tensor"},
		Why: "a transformer is a function of weights and tokens"},
	{Path: "internal/verifiable/engine",
		May: []string{"internal/verifiable/gguf", "internal/verifiable/infer", "internal/verifiable/tensor", "internal/verifiable/token", modSys},
		Why: "serves models: threads, queue, memory and mapped files around arithmetic that knows none of them"},
	{Path: "internal/verifiable/infer/infertest",
		May: []string{"internal/verifiable/gguf", "internal/verifiable/gguf/gguftest", "internal/verifiable/tensor"},
		Why: "models whose weights come from a seed, so that no test downloads one"},
	{Path: "internal/verifiable/infer/infertest/seed",
		May: []string{"internal/verifiable/infer/infertest"},
		Why: "writes such a model to a file"},
	{Path: "internal/verifiable/answer", D: true,
		May: []string{"internal/inert", "internal/verifiable/ingest/lang", modUAX},
		Why: "the shape of an answer: sentences, marks, sources"},
	{Path: "internal/verifiable/compose",
		May: []string{"internal/pipeline", "internal/verifiable/answer", "internal/verifiable/chat", "internal/verifiable/engine",
			"internal/verifiable/infer", "internal/verifiable/token", modJCS},
		Why: "joins a model with prompt, marks and support check, and makes its answers again"},
	{Path: "internal/verifiable/receipt",
		May: []string{"internal/durable", "internal/obs", "internal/pipeline", "internal/verifiable/answer", "internal/verifiable/consent",
			"internal/verifiable/merkle", "internal/verifiable/purpose", "internal/verifiable/rank", "internal/verifiable/vc", modFormats, modSumdb},
		Why: "issues receipts and gathers bundles"},
	{Path: "internal/verifiable/tlog",
		May: []string{"internal/durable", "internal/obs", "github.com/transparency-dev/tessera", "k8s.io/klog/v2", modFormats, modSumdb, modSync},
		Why: "the node's log; the only importer of Tessera, and of klog to keep Tessera quiet"},

	// Agency: members decide, and are paid.
	{Path: "internal/agency", Why: "the layer's own description; no code yet"},

	// What strangers implement from.
	{Path: "spec/...",
		May: []string{"verify", "internal/...", "spec/gen/...", "github.com/santhosh-tekuri/jsonschema/v6", modFormats, modSumdb},
		Why: "writes schemas and vectors from the code and holds the text to it"},

	// The tree looking at itself, and programs that measure it.
	{Path: "internal/arch", May: []string{"golang.org/x/mod"}, Why: "reads the tree and go.mod"},
	{Path: "internal/arch/cmd/...", May: []string{"internal/arch"}, Why: "prints what arch knows"},
	{Path: "bench/...",
		May: []string{"verify", "internal/...", "github.com/blevesearch", "github.com/transparency-dev/tessera", modFormats, modSumdb, modSync, modText, "golang.org/x/time"},
		Why: "measures dsai beside the raw libraries it stands on, so it may import them"},
	{Path: "test/...",
		May: []string{"verify", "internal/...", modFormats, modSumdb, modSync},
		Why: "programs that drive a built dsai from outside"},
}

// Homes are the heavy modules.
var Homes = []Home{
	{"github.com/blevesearch", "internal/verifiable/retrieve", "an index is replaceable only while one package knows it"},
	{"github.com/transparency-dev/tessera", "internal/verifiable/tlog", "the log's formats are C2SP's, its sequencer an implementation"},
	{"modernc.org/sqlite", "internal/store", "one package writes SQL"},
	{"github.com/klippa-app/go-pdfium", "internal/verifiable/ingest", "PDF parsing stays in its sandbox"},
	{"github.com/tetratelabs/wazero", "internal/verifiable/ingest", "PDF parsing stays in its sandbox"},
	{"cel.dev/cel-go", "internal/policy", "rules are evaluated in one place"},
	{"github.com/spf13/cobra", "cmd/dsai", "the command line stays out of the product"},
	{"github.com/prometheus/client_golang", "internal/obs", "metrics are registered in one place"},
}

// Modules that several rows name.
const (
	modFormats = "github.com/transparency-dev/formats"
	modJCS     = "github.com/gowebpki/jcs"
	modSumdb   = "golang.org/x/mod/sumdb" // signed notes, Merkle trees
	modSync    = "golang.org/x/sync"
	modSys     = "golang.org/x/sys"
	modSystemd = "github.com/coreos/go-systemd/v22"
	modText    = "golang.org/x/text"
	modUAX     = "github.com/clipperhouse/uax29/v2" // words and sentences
	modToml    = "github.com/BurntSushi/toml"
)
