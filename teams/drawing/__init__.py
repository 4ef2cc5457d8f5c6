"""What the charts of every app are drawn with: a surface for SVG, axes, typefaces, files. Pure, no Django."""
