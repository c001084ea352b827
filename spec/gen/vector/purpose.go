// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
)

type purposeVectors struct {
	Vocabulary string            `json:"vocabulary"`
	Digest     dsai.Digest       `json:"digest"`
	Namespace  string            `json:"namespace"` // of every name below
	Short      map[string]string `json:"short"`
	Cases      []purposeVector   `json:"cases"`
}

type purposeVector struct {
	Purpose   string   `json:"purpose"`
	Allow     []string `json:"allow"`
	Deny      []string `json:"deny"`
	Permitted bool     `json:"permitted"`
	Why       string   `json:"why"`
}

func purposes() purposeVectors {
	out := purposeVectors{Vocabulary: purpose.Vocabulary, Digest: purpose.Digest(), Namespace: purpose.Namespace, Short: map[string]string{}}
	for _, iri := range purpose.ShortIRIs() {
		out.Short[purpose.Short(iri)] = strings.TrimPrefix(iri, purpose.Namespace)
	}
	for _, c := range []struct {
		purpose, allow, deny string
		want                 bool
		why                  string
	}{
		{"SearchFunctionalities", "SearchFunctionalities", "", true, "named"},
		{"SearchFunctionalities", "ServiceProvision", "", true, "below what is allowed"},
		{"ServiceProvision", "SearchFunctionalities", "", false, "broader than what is allowed"},
		{"SellDataToThirdParties", "ServiceProvision", "", true, "below it too, which is why short names are narrow"},
		{"SellDataToThirdParties", "ServiceProvision", "SellProducts", false, "a broader term is denied"},
		{"SearchFunctionalities", "SearchFunctionalities", "SearchFunctionalities", false, "denial wins"},
		{"CommercialResearch", "ResearchAndDevelopment", "", false, "one of two paths to the top is not allowed"},
		{"CommercialResearch", "CommercialPurpose ResearchAndDevelopment", "", true, "both paths are allowed"},
		{"CommercialResearch", "CommercialResearch", "", true, "named, so every path passes through it"},
		{"CommercialResearch", "CommercialResearch", "Marketing", true, "what is denied is elsewhere"},
		{"PersonnelPerformanceMonitoring", "PersonnelManagement", "", true, "several paths, all through what is allowed"},
		{"PersonnelPerformanceMonitoring", "PersonnelManagement", "PersonnelMonitoring", false, "one path passes through what is denied"},
		{"TargetedAdvertising", "Advertising", "", false, "the path through Personalisation is not allowed"},
		{"Purpose", "SearchFunctionalities", "", false, "the top concept cannot be asked for"},
		{"SearchFunctionalities", "Purpose", "", false, "nor granted"},
		{"SearchFunctionalities", "SearchFunctionalities", "Purpose", false, "nor denied"},
		{"NoSuchPurpose", "SearchFunctionalities", "", false, "unknown"},
		{"SearchFunctionalities", "SearchFunctionalities NoSuchPurpose", "", false, "an unknown term is allowed"},
		{"SearchFunctionalities", "SearchFunctionalities", "NoSuchPurpose", false, "an unknown term is denied"},
		{"SearchFunctionalities", "", "", false, "nothing is allowed"},
	} {
		v := purposeVector{Purpose: c.purpose, Allow: strings.Fields(c.allow), Deny: strings.Fields(c.deny), Why: c.why}
		v.Permitted = purpose.Permits(purpose.Namespace+c.purpose, iris(v.Allow), iris(v.Deny))
		if v.Permitted != c.want {
			panic("purpose: " + c.why)
		}
		out.Cases = append(out.Cases, v)
	}
	return out
}

func iris(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = purpose.Namespace + n
	}
	return out
}
