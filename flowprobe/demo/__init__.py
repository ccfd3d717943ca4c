"""Acme Teams: a small SaaS product with four providers and seven real weaknesses, to try FlowProbe on."""
