// The style of the picture: light, and dark where the reader's system is. The colours of each are told apart by the colour-blind
// too, and no meaning hangs on a colour alone. Names of fonts are generic ones.

export const SVG_STYLE = `
svg{background:#fff;font-family:system-ui,sans-serif}
.mono{font-family:ui-monospace,monospace}
text{fill:#1f2328}
.muted{fill:#59636e}
.halo{paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}
.stripe{fill:#f3f5f8}
.hit{fill:#0969da;fill-opacity:0}
.row:hover .hit{fill-opacity:.12}
.grid{stroke:#d1d9e0;stroke-width:1;fill:none}
.axis{stroke:#59636e;stroke-width:1;fill:none}
.batch{stroke:#59636e;stroke-width:1.5;fill:none}
.mark{stroke:#59636e;stroke-width:1;stroke-dasharray:6 3;fill:none}
.wait{fill:#e6eaef;stroke:#818b98;stroke-width:1}
.permit{fill:none;stroke:#818b98;stroke-width:1;stroke-dasharray:2 2}
.run{fill:#4a7fc1;stroke:#2d5c99;stroke-width:1}
.none{fill:#fff;stroke:#4a7fc1;stroke-width:1.5}
.failed{fill:#cf222e;stroke:#a40e26;stroke-width:1}
.hung{stroke:#7d4e00;stroke-width:1}
.hungfill{fill:#f5c26b}
.hungline{stroke:#7d4e00;stroke-width:2}
.sign{fill:none;stroke:#1f2328;stroke-width:1.5}
.cross{fill:none;stroke:#a40e26;stroke-width:2.2;stroke-linecap:round}
.rival{fill:#fff;stroke:#6639ba;stroke-width:1.6}
.rivalline{fill:none;stroke:#6639ba;stroke-width:1.3;stroke-dasharray:3 3}
.critical{fill:none;stroke:#bf2c83;stroke-width:2.2;stroke-linejoin:round}
.label.oncritical{font-weight:700}
.cut{fill:#fff;stroke:#59636e;stroke-width:1;stroke-dasharray:1 3}
@media (prefers-color-scheme:dark){
svg{background:#0d1117}
text{fill:#e6edf3}
.muted{fill:#9da7b3}
.halo{stroke:#0d1117}
.stripe{fill:#151b23}
.hit{fill:#58a6ff}
.grid{stroke:#2a313c}
.axis,.batch,.mark,.cut{stroke:#9da7b3}
.wait{fill:#262c36;stroke:#7d8590}
.permit{stroke:#9da7b3}
.run{fill:#5b9bea;stroke:#9cc6ff}
.none{fill:#0d1117;stroke:#79b8ff}
.failed{fill:#f85149;stroke:#ffa198}
.hung{stroke:#f2cc60}
.hungfill{fill:#6b4d00}
.hungline{stroke:#f2cc60}
.sign{stroke:#e6edf3}
.cross{stroke:#ffa198}
.rival{fill:#0d1117;stroke:#c297ff}
.rivalline{stroke:#c297ff}
.critical{stroke:#ff8bcb}
.cut{fill:#0d1117}
}
`;
