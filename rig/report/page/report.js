// SPDX-License-Identifier: GPL-2.0-only
"use strict";
/* Comfort only: a pane that follows the pointer, arrow keys, links that open what they lead to. */
(() => {
	const pane = document.querySelector(".inspector");
	const rows = [...document.querySelectorAll(".event > details > summary")];
	const visible = () => rows.filter(row => row.offsetParent !== null);

	const show = row => {
		if (!pane)
			return;
		document.querySelectorAll("summary[aria-current]").forEach(
			old => old.removeAttribute("aria-current"));
		row.setAttribute("aria-current", "true");
		const copy = row.nextElementSibling.cloneNode(true);
		/* what is in the pane is there a second time: one stop is enough for the Tab key */
		copy.querySelectorAll("[tabindex]").forEach(node => node.removeAttribute("tabindex"));
		pane.replaceChildren(copy);
		pane.hidden = false;
	};
	const openTarget = () => {
		const target = location.hash && document.getElementById(location.hash.slice(1));
		for (let node = target; node; node = node.parentElement)
			if (node.tagName === "DETAILS")
				node.open = true;
		if (target)
			target.scrollIntoView();
	};
	const move = (row, by) => {
		const all = visible();
		const next = all[all.indexOf(row) + by];
		if (next)
			next.focus();
	};

	document.documentElement.classList.add("has-script");
	for (const row of rows) {
		row.addEventListener("mouseenter", () => show(row));
		row.addEventListener("focus", () => show(row));
	}
	document.addEventListener("keydown", event => {
		if (event.ctrlKey || event.altKey || event.metaKey)
			return;
		const row = event.target.closest ? event.target.closest(".event > details > summary") : null;
		const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
		if (row && by) {
			event.preventDefault();
			move(row, by);
		} else if (event.key === "v") {
			const marked = visible().find(one => one.closest(".event.bad, .event.note"));
			if (marked)
				marked.focus();
		}
	});
	/* paper has no pane */
	addEventListener("beforeprint", () => document.querySelectorAll(
		".case[open] .event.bad > details, .case[open] .event.note > details").forEach(
		details => { details.open = true; }));
	addEventListener("hashchange", openTarget);
	openTarget();
	const first = document.querySelector(".event.bad > details > summary, .event.note > details > summary") || rows[0];
	if (first)
		show(first);
	/* the pane shows it */
	if (first && pane && getComputedStyle(pane).display !== "none")
		first.parentElement.open = false;
})();
