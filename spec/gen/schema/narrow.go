// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package schema

import (
	"reflect"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/policy"
)

const maxInteger int64 = 1<<53 - 1

// scalars are the values with a form of their own (spec/encoding.md).
var scalars = map[string]object{
	"integer":     {"type": "integer", "minimum": -maxInteger, "maximum": maxInteger},
	"natural":     {"type": "integer", "minimum": 0, "maximum": maxInteger},
	"digest":      {"type": "string", "pattern": "^[0-9a-f]{64}$"},
	"salt":        {"type": "string", "pattern": "^[0-9a-f]{64}$"},
	"time":        {"type": "string", "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"},
	"amount":      {"type": "string", "pattern": "^(0|[1-9][0-9]{0,18})$"},
	"basisPoints": {"type": "integer", "minimum": 0, "maximum": int(policy.Whole)},
	"did":         {"type": "string", "pattern": "^did:key:z[1-9A-HJ-NP-Za-km-z]{40,60}$"},
	"purpose":     {"type": "string", "pattern": "^https://w3id\\.org/dpv#[A-Za-z]+$"},
	"region":      {"type": "string", "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"},

	"Custody":     enum(dsai.CustodyDevice, dsai.CustodyNode),
	"Operation":   enum(dsai.OpRetrieve, dsai.OpInfer, dsai.OpReplicate, dsai.OpEmbed, dsai.OpFineTune, dsai.OpEvaluate, dsai.OpShare),
	"EngineClass": enum(dsai.EngineExtract, dsai.EngineInfer, dsai.EngineUpstream),
	"Assurance":   enum(dsai.Replayable, dsai.Recorded),
	"Ended":       enum(dsai.EndedComplete, dsai.EndedStopped, dsai.EndedCancelled, dsai.EndedRevoked, dsai.EndedCrashed, dsai.EndedDegraded),
	"Effect":      enum(policy.Allow, policy.Deny),
	"Code": enum(dsai.CodeNoEvidence, dsai.CodeNoGrant, dsai.CodePurposeMissing, dsai.CodePurposeUnknown, dsai.CodePurposeNotPromised,
		dsai.CodeUndertakingExpired, dsai.CodeUndertakingRevoked, dsai.CodePolicyDenied, dsai.CodePolicyStale, dsai.CodeModelNotAllowed,
		dsai.CodeClockUntrusted, dsai.CodeConsentRevoked, dsai.CodeSpendCap),
}

func enum[T any](values ...T) object { return object{"enum": values} }

// scalar returns which of the scalars a type is.
func scalar(t reflect.Type) (string, bool) {
	switch t {
	case reflect.TypeFor[dsai.Digest](), reflect.TypeFor[dsai.CoopID](), reflect.TypeFor[dsai.MemberID](),
		reflect.TypeFor[dsai.NodeID](), reflect.TypeFor[dsai.DocumentID]():
		return "digest", true
	case reflect.TypeFor[dsai.Salt]():
		return "salt", true
	case reflect.TypeFor[dsai.Time]():
		return "time", true
	case reflect.TypeFor[policy.Millionths]():
		return "amount", true
	case reflect.TypeFor[policy.BasisPoints]():
		return "basisPoints", true
	}
	_, ok := scalars[shortName(t)]
	return shortName(t), ok && t.Kind() == reflect.String
}

// narrowing says what a field's Go type leaves open: def names a scalar (of the
// items, for a list), or else schema says all.
type narrowing struct {
	def    string
	schema object
}

func is(def string) narrowing          { return narrowing{def: def} }
func oneOf(values ...string) narrowing { return narrowing{schema: enum(values...)} }
func only(value any) narrowing         { return narrowing{schema: object{"const": value}} }
func text(pattern string) narrowing {
	return narrowing{schema: object{"type": "string", "pattern": pattern}}
}
func file(name string) narrowing { return narrowing{schema: refTo(name)} }
func files(name string) narrowing {
	return narrowing{schema: object{"type": "array", "items": refTo(name)}}
}
func refTo(name string) object { return object{"$ref": Base + name + ".json"} }
func anyOf(a, b object) object { return object{"anyOf": []object{a, b}} }

var contexts = []string{dsai.ContextVC, dsai.ContextDSAI}

// narrow holds the narrowings by Type.field. A key that fits nothing is an error.
var narrow = map[string]narrowing{
	"Credential.@context":      only(contexts),
	"Credential.id":            text("^urn:dsai:[0-9a-f]{64}$"),
	"Credential.issuer":        is("did"),
	"Proof.@context":           only(contexts),
	"Proof.type":               only("DataIntegrityProof"),
	"Proof.cryptosuite":        oneOf(dsai.SuiteMember, dsai.SuiteNode),
	"Proof.proofPurpose":       only("assertionMethod"),
	"Proof.proofValue":         text("^z[1-9A-HJ-NP-Za-km-z]{64,127}$"),
	"Proof.verificationMethod": text("^did:key:z[1-9A-HJ-NP-Za-km-z]+#z[1-9A-HJ-NP-Za-km-z]+$"),

	"StatusEntry.type":            only("BitstringStatusListEntry"),
	"StatusEntry.statusPurpose":   only("revocation"),
	"StatusEntry.statusListIndex": text("^(0|[1-9][0-9]{0,5})$"),
	"StatusList.type":             only("BitstringStatusList"),
	"StatusList.statusPurpose":    only("revocation"),
	"StatusList.encodedList":      text("^u[A-Za-z0-9_-]+$"),

	"Charter.id":                 is("did"),
	"MemberInception.id":         is("did"),
	"MemberInception.consentKey": is("did"),
	"Recovery.contacts":          is("did"),
	"NodeInception.id":           is("did"),
	"NodeInception.peerKey":      is("did"),
	"NodeInception.logKey":       is("did"),
	"NodeInception.receiptKey":   is("did"),
	"NodeInception.witnessKey":   is("did"),
	"KeyEvent.id":                is("did"),
	"KeyEvent.reason":            oneOf("rotation", "compromise", "recovery"),
	"KeySet.consentKey":          is("did"),
	"KeySet.peerKey":             is("did"),
	"KeySet.logKey":              is("did"),
	"KeySet.receiptKey":          is("did"),
	"KeySet.witnessKey":          is("did"),
	"PolicyAdoption.id":          is("did"),
	"LogEpoch.id":                is("did"),

	"ConsentBundle.id":           is("did"),
	"ConsentBundle.rightsBasis":  oneOf("asserted:own", "asserted:licensed", "asserted:public"),
	"ConsentBundle.regions":      {schema: object{"type": "array", "minItems": 1, "items": anyOf(object{"const": "any"}, scalars["region"])}},
	"ConsentBundle.recipients":   {schema: object{"type": "array", "minItems": 1, "items": anyOf(enum(dsai.RecipientCoop, dsai.RecipientPublic, dsai.RecipientShared), scalars["did"])}},
	"RevenueTerms.share":         oneOf("policy", "none"),
	"Capture.method":             oneOf("cli", "page", "request-file"),
	"DocumentGrant.mode":         oneOf(dsai.ModeFrozen, dsai.ModeFollowing),
	"Purposes.allow":             is("purpose"),
	"Purposes.deny":              is("purpose"),
	"CollectionAddition.id":      is("did"),
	"ConsentDelegation.id":       is("did"),
	"ConsentDelegation.delegate": is("did"),
	"Revocation.id":              is("did"),
	"WithdrawalReceipt.id":       is("did"),
	"Objection.id":               is("did"),
	"Objection.kind":             oneOf("objection", "abstention"),

	"Undertaking.id":             is("did"),
	"Undertaking.role":           oneOf(dsai.RecipientCoop, dsai.RecipientPublic),
	"Undertaking.purposes":       is("purpose"),
	"Undertaking.defaultPurpose": is("purpose"),
	"Undertaking.spendCap":       is("amount"),
	"Clearance.id":               is("did"),
	"Clearance.purpose":          is("purpose"),
	"Derivation.id":              is("did"),
	"Statistics.id":              is("did"),

	"InferenceReceipt.id":                is("did"),
	"InferenceReceipt.purpose":           is("purpose"),
	"InferenceReceipt.purposeDeclaredBy": oneOf("undertaking", "request"),
	"InferenceReceipt.price":             is("amount"),
	"InferenceReceipt.seed":              text("^(0|[1-9][0-9]*)$"),
	"RefusalReceipt.id":                  is("did"),
	"Energy.joules":                      text("^(0|[1-9][0-9]*)(\\.[0-9]+)?$"),
	"Energy.source":                      oneOf("none", "rapl", "battery", "model"),
	"Energy.scope":                       oneOf("process", "package", "machine"),
	"Energy.method":                      oneOf("measured", "calibrated", "modelled", "unknown"),
	"Tokens.unit":                        oneOf("word", "token"),
	"SettlementRecord.price":             is("amount"),
	"SettlementShare.amount":             is("amount"),
	"SettlementShare.role":               oneOf("contributor", "operator", "treasury"),

	"Bundle.format":      only(dsai.BundleFormat),
	"Bundle.receipt":     {schema: anyOf(refTo(dsai.TypeInferenceReceipt), refTo(dsai.TypeRefusalReceipt))},
	"Bundle.charter":     file(dsai.TypeCharter),
	"Bundle.node":        file(dsai.TypeNodeInception),
	"Bundle.members":     files(dsai.TypeMemberInception),
	"Bundle.keyEvents":   files(dsai.TypeKeyEvent),
	"Bundle.undertaking": file(dsai.TypeUndertaking),
	"Bundle.policy":      file("policy"),
	"Bundle.adoptions":   files(dsai.TypePolicyAdoption),
	"Bundle.consents":    files(dsai.TypeConsentBundle),
	"Bundle.delegations": files(dsai.TypeConsentDelegation),
	"Bundle.additions":   files(dsai.TypeCollectionAddition),
	"Bundle.revocations": files(dsai.TypeRevocation),
	"Bundle.statusLists": files(dsai.TypeStatusList),
	"Bundle.derivations": files(dsai.TypeDerivation),
	"Bundle.statistics":  file(dsai.TypeStatistics),

	"Trust.format":          only(dsai.TrustFormat),
	"TrustNode.logKeys":     is("did"),
	"TrustNode.receiptKeys": is("did"),

	"Document.format":              only(policy.Format),
	"Parameters.minWitnesses":      {schema: object{"type": "integer", "minimum": 0, "maximum": 16}},
	"Parameters.powerFloorPercent": {schema: object{"type": "integer", "minimum": 0, "maximum": 100}},
	"Rule.id":                      text("^[a-z0-9][a-z0-9-]{0,39}$"),
	"Test.fingerprint":             text("^([0-9a-f]{64})?$"),
}
