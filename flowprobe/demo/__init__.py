"""Acme Teams: a small SaaS product with four providers and twenty-one real weaknesses, to try FlowProbe on."""
