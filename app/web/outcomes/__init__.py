"""Objectives and key results: their values, their stories, cycles, playbooks."""
