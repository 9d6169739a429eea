// stdin in the place of a file: once in a command.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Workplace } from '../support/cli.js';

const GRAPH = 'examples/linear/graph.json';

test.each([
  { args: ['run', 'm.om', '-i', 'x=@-', '--update', '-'], both: '--input "x=@-" and --update "-" both read' },
  { args: ['run', 'm.om', '-i', 'x=1x3xf32=@-', '--lora', '-:0.5'], both: '--input "x=1x3xf32=@-" and --lora "-:0.5" both read' },
  { args: ['run', 'm.om', '-i', '@-', '--lora', '-,a.safetensors'], both: '--input "@-" and --lora "-,a.safetensors" both read' },
  { args: ['verify', 'm.om', '-i', '@-', '--golden', 'y=@-'], both: '--input "@-" and --golden "y=@-" both read' },
  {
    args: ['patch', 'm.om', '--weights', '-', '--set', 'const_1=@-', '-o', 'n.om'],
    both: '--weights "-" and --set "const_1=@-" both read',
  },
  { args: ['build', GRAPH, '--consts', '@-', '--consts', '@-', '-o', 'm.om'], both: '--consts "@-" and --consts "@-" both read' },
  { args: ['weights', 'check', '-', '--for', GRAPH, '--consts', '@-'], both: '<file> "-" and --consts "@-" both read' },
  { args: ['weights', 'check', '-', 'a.npz', '-', '-'], both: '<file> "-", <file> "-" and <file> "-" all read' },
])('stdin twice is refused before anything is read, and both are named: $args', ({ args, both }) => {
  const { error, exitCode } = new Workplace().json(args, { input: readFileSync('examples/linear/x.npy') });
  expect(error).toMatchObject({ code: 'USAGE', message: `${both} stdin, which can be read once.` });
  expect([exitCode, error?.fix]).toEqual([2, expect.stringContaining('to a file')]);
});

test('what only looks like stdin is no second time', () => {
  const place = new Workplace();
  expect(place.run(['build', GRAPH, '--consts', 'const_1,const_2', '-o', 'm.om']).status).toBe(0);
  const input = readFileSync('examples/linear/x.npy');
  expect(place.run(['run', 'm.om', '-i', 'x=@-'], { input }).status).toBe(0);
  // One constant with the name "-" is none that is read.
  expect(place.run(['consts', GRAPH, '--const', '-', '--select', 'name=@-'], { input }).stderr).not.toContain('can be read once');
});

test('an array without a name from stdin has nothing to map, which is what is said', () => {
  const input = readFileSync('examples/linear/x.npy');
  const { error } = new Workplace().json(['weights', 'map', '-', '--for', GRAPH], { input });
  expect(error).toMatchObject({ code: 'FILE_KIND', message: 'stdin is a .npy, whose array has no name to map.' });
});
