"""Reports to eco-organisms: what came in beside what was sold again, downloaded or sent by themselves."""
