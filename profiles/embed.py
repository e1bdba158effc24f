"""Writes a profile as a C file that holds its text: embed.py IN.yaml OUT.c"""
import sys

with open(sys.argv[1], 'rb') as f:
    text = f.read()
lines = [', '.join(str(b) for b in text[i:i + 24]) for i in range(0, len(text), 24)]
with open(sys.argv[2], 'w', encoding='ascii') as f:
    f.write('#include "move/profile.h"\n\nstatic const uint8_t text[] = {\n    ')
    f.write(',\n    '.join(lines))
    f.write('};\n\nstruct bytes profile_builtin(void)\n{\n'
            '    return (struct bytes){text, sizeof text};\n}\n')
