"""expcache."""
