// What the values of options must be, what they are when nothing is given, and what is said of wrong ones.
import { describe, expect, test } from 'vitest';
import {
  flag,
  number,
  oneOf,
  optionalName,
  optionalText,
  optionValues,
  someOf,
  text,
  texts,
  wholeNumber,
} from '../../src/commands/shared/option-values.js';

const { safeParse } = optionValues({
  bundle: text,
  map: optionalText,
  home: optionalName,
  set: texts,
  force: flag,
  graph: oneOf(['infer', 'init'], 'infer'),
  as: oneOf(['om', 'air']),
  only: someOf(['io', 'weights']),
  loop: wholeNumber(1, 1),
  timeout: number('a number of seconds above 0', (seconds) => seconds > 0),
});

test('what is not given is its default, or nothing', () => {
  expect(safeParse({ bundle: 'm.om' })).toEqual({
    success: true,
    data: {
      bundle: 'm.om',
      map: undefined,
      home: undefined,
      set: [],
      force: false,
      graph: 'infer',
      as: undefined,
      only: [],
      loop: 1,
      timeout: undefined,
    },
  });
});

test('numbers are read from their texts', () => {
  expect(safeParse({ bundle: 'm.om', loop: '20', timeout: '1e-3' })).toMatchObject({ success: true, data: { loop: 20, timeout: 0.001 } });
});

test('a choice is taken in other letters, and several with commas or one by one', () => {
  expect(safeParse({ bundle: 'm.om', graph: 'INIT', only: ['IO, weights', 'io'] })).toMatchObject({
    success: true,
    data: { graph: 'init', only: ['io', 'weights', 'io'] },
  });
});

describe('refused, with what it must be', () => {
  test.each([
    ['nothing where something must be given', 'bundle', undefined, 'must be a text'],
    ['an empty name', 'home', '', 'must be a name that is not empty'],
    ['another word', 'graph', 'update', 'must be one of infer, init'],
    ['one wrong word of several', 'only', ['io', 'graphs'], 'must be of io, weights'],
    ['half a time', 'loop', '1.5', 'must be a whole number of at least 1'],
    ['too few times', 'loop', '0', 'must be a whole number of at least 1'],
    ['no number', 'loop', 'abc', 'must be a whole number of at least 1'],
    ['an empty number', 'timeout', '', 'must be a number of seconds above 0'],
    ['a blank number', 'timeout', ' ', 'must be a number of seconds above 0'],
    ['no end', 'timeout', 'Infinity', 'must be a number of seconds above 0'],
    ['more than a number', 'timeout', '10s', 'must be a number of seconds above 0'],
    ['what is no option', 'els', 'x', 'is no option here'],
  ])('%s', (_, name, value, message) => {
    expect(safeParse({ bundle: 'm.om', [name]: value })).toEqual({ success: false, error: { issues: [{ path: [name], message }] } });
  });

  test('all that is wrong is said at once', () => {
    const checked = safeParse({ loop: '0', timeout: '-1' });
    expect(checked.success ? [] : checked.error.issues.map(({ path }) => path[0])).toEqual(['bundle', 'loop', 'timeout']);
  });
});
