"""Acme Teams: a small SaaS product with two providers and five real weaknesses, to try FlowProbe on."""
