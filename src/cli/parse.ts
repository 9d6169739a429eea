// Options: tables → commander → values.
import { Command, CommanderError, Option } from 'commander';
import { AscendBundleError } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import { toolVersion } from '../base/version.js';
import { inLettersOf } from '../commands/shared/option-values.js';
import type { OptionRow, Verb } from '../commands/verb.js';
import { optionsOf } from './arguments.js';
import type { ProgressChoice } from './reporter.js';
import { type GivenWords, refuseStdinTwice } from './stdin-once.js';
import type { ColorChoice } from './style.js';
import { type LoadedVerb, VERB_GROUPS, VERBS, type VerbEntry } from './verbs.js';

export interface Globals {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly color: ColorChoice;
  readonly progress: ProgressChoice;
}

export type Parsed = { readonly kind: 'text'; readonly text: string } | VerbCall;

export interface VerbCall {
  readonly kind: 'verb';
  readonly loaded: LoadedVerb;
  readonly values: unknown;
  readonly globals: Globals;
}

const GLOBAL_ROWS: readonly OptionRow[] = [
  { flags: '--json', help: 'one JSON document on stdout, on failure too' },
  { flags: '-q, --quiet', help: 'no progress and no notes; warnings and errors stay' },
  { flags: '--progress <how>', help: 'progress on stderr', choices: ['auto', 'plain', 'json', 'none'], default: 'auto' },
  { flags: '--color <when>', help: 'colour in text output', choices: ['auto', 'always', 'never'], default: 'auto' },
];
const GLOBAL_OPTIONS: readonly Option[] = GLOBAL_ROWS.map(toOption);

/** A command line whose verb has been found. */
export interface CommandLine {
  /** Undefined where only a general help or the version is asked for. */
  readonly entry: VerbEntry | undefined;
  /** The verb first: options of the tool itself may be typed before it. */
  readonly args: readonly string[];
}

/** @throws VERB_UNKNOWN */
export function findVerb(argv: readonly string[]): CommandLine {
  const at = verbPlace(argv);
  const word = argv[at];
  if (word === undefined) {
    if (argv.length === 0 || argv.some((argument) => /^(-h|--help|-V|--version)$/.test(argument))) return { entry: undefined, args: argv };
    throw new AscendBundleError('VERB_UNKNOWN', { message: `${argv.join(' ')} is without a verb.`, fix: listVerbs(VERBS) });
  }
  const rest = [...argv.slice(0, at), ...argv.slice(at + 1)];
  // commander's own `help` knows verbs of one word only.
  if (word === 'help') return rest.length === 0 ? { entry: undefined, args: ['--help'] } : findVerb([...rest, '--help']);
  return Object.hasOwn(VERB_GROUPS, word) ? findInGroup(word, rest, at) : { entry: verbOf(word), args: [word, ...rest] };
}

/** @param from  where in `rest` what followed the first word begins */
function findInGroup(word: string, rest: readonly string[], from: number): CommandLine {
  const behind = verbPlace(rest.slice(from));
  const at = from + behind;
  if (behind >= 0)
    return { entry: verbOf(`${word} ${rest[at]}`), args: [word, rest[at] as string, ...rest.slice(0, at), ...rest.slice(at + 1)] };
  // Alone, it shows what there is.
  if (rest.length === 0) return { entry: undefined, args: [word] };
  if (rest.some((argument) => /^(-h|--help)$/.test(argument))) return { entry: undefined, args: [word, '--help'] };
  throw new AscendBundleError('VERB_UNKNOWN', {
    message: `"${word}" is the first word of a verb, and the second is missing.`,
    fix: listVerbs(verbsOfGroup(word)),
  });
}

function verbsOfGroup(word: string): readonly VerbEntry[] {
  return VERBS.filter(({ name }) => name.startsWith(`${word} `));
}

/** The first word that is neither an option nor the value of one. */
function verbPlace(argv: readonly string[]): number {
  const withValue = GLOBAL_OPTIONS.filter(({ required }) => required).map(({ long }) => long);
  return argv.findIndex((argument, i) => !argument.startsWith('-') && !withValue.includes(argv[i - 1]));
}

function verbOf(name: string): VerbEntry {
  const entry = VERBS.find((verb) => verb.name === name);
  if (entry !== undefined) return entry;
  const [word, inner] = name.split(' ') as [string, string?];
  const verbs = inner === undefined ? VERBS : verbsOfGroup(word);
  const near = nearNames(
    name,
    verbs.map((verb) => verb.name),
  );
  throw new AscendBundleError('VERB_UNKNOWN', {
    message: `"${name}" is not a verb of ascend-bundle.`,
    fix: didYouMean(near, listVerbs(verbs)),
  });
}

function listVerbs(verbs: readonly VerbEntry[]): string {
  return `The verbs are: ${verbs.map(({ name }) => name).join(', ')}.`;
}

/** @throws USAGE, OPTION_UNKNOWN */
export async function parseCommandLine({ entry, args }: CommandLine): Promise<Parsed> {
  const program = new Command('ascend-bundle').helpOption(...HELP).exitOverride();
  if (entry === undefined) describeProgram(program);
  const text: string[] = [];
  const collect = { writeOut: (piece: string) => void text.push(piece), writeErr: () => undefined };
  program.configureOutput(collect);
  let parsed: { args: readonly string[]; options: Record<string, unknown> } | undefined;
  let loaded: LoadedVerb | undefined;
  let asked: Command | undefined;
  // The others are for the general help alone.
  for (const known of entry === undefined ? VERBS : [entry]) {
    const command = addCommand(program, known)
      .summary(known.summary)
      .helpOption(...HELP);
    command.exitOverride().configureOutput(collect);
    if (known !== entry) continue;
    loaded = await known.load();
    asked = command;
    describe(command, loaded.verb);
    refuseSwallowed(args, command.options);
    command.action(() => {
      parsed = { args: command.args, options: command.opts() };
    });
  }
  try {
    if (args.length === 0) program.outputHelp();
    else program.parse(args as string[], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(error, entry, asked);
  }
  if (parsed === undefined || loaded === undefined) return { kind: 'text', text: text.join('') };
  return { kind: 'verb', loaded, ...readValues(loaded.verb, parsed) };
}

const HELP = ['-h, --help', 'show this help'] as const;

/** For the general help, and the version. */
function describeProgram(program: Command): void {
  program
    .usage('<verb> [options]')
    .description('Weight-updatable Ascend bundles (.om): build, inspect and run them, with or without an NPU.')
    .version(toolVersion(), '-V, --version', 'print the version')
    .commandsGroup('Verbs:')
    .helpCommand('help <verb>', 'show the help of a verb')
    .addHelpText('after', `\n${examplesText(PROGRAM_EXAMPLES)}\n\nascend-bundle <verb> --help shows the options of a verb.`);
}

const PROGRAM_EXAMPLES = [
  'ascend-bundle consts model.onnx',
  'ascend-bundle build model.onnx --consts fc.weight,fc.bias -o model.om',
  'ascend-bundle run model.om --input x=@x.npy -o out',
  'ascend-bundle run model.om --input x=@x.npy --update new.safetensors -o out2',
  'ascend-bundle inspect model.om',
];

/** A verb of two words, `weights check`, is a command of a command. */
function addCommand(program: Command, { name }: VerbEntry): Command {
  const [word, inner] = name.split(' ') as [string, string?];
  if (inner === undefined) return program.command(word);
  const group = program.commands.find((command) => command.name() === word) ?? addGroup(program, word);
  return group.command(inner);
}

function addGroup(program: Command, name: string): Command {
  const summary = VERB_GROUPS[name] ?? '';
  const group = program
    .command(name)
    .summary(summary)
    .description(`${summary}.`)
    .helpOption(...HELP);
  return group
    .helpCommand(false)
    .copyInheritedSettings(program)
    .action(() => group.outputHelp());
}

function describe(command: Command, verb: Verb<unknown, unknown>): void {
  // Too many arguments are refused in `readValues`, which says which ones.
  command.description(verb.description).allowExcessArguments(true);
  for (const { name, help, optional, repeat } of verb.arguments) {
    const word = repeat ? `${name}...` : name;
    command.argument(optional ? `[${word}]` : `<${word}>`, help);
  }
  for (const row of verb.options) command.addOption(toOption(row));
  command.optionsGroup('Options of every verb:');
  for (const option of GLOBAL_OPTIONS) command.addOption(option);
  command.helpOption(...HELP);
  command.addHelpText('after', `\n${examplesText(verb.examples)}`);
}

function examplesText(examples: readonly string[]): string {
  return ['Examples:', ...examples.flatMap((example) => example.split('\n')).map((line) => `  ${line}`)].join('\n');
}

function toOption(row: OptionRow): Option {
  const option = new Option(row.flags, row.help);
  if (row.choices !== undefined) addChoices(option, row.choices);
  if (row.default !== undefined) option.default(row.default);
  if (row.group !== undefined) option.helpGroup(`${row.group}:`);
  if (row.isHidden) option.hideHelp();
  // One value per occurrence: commander's own <value...> would swallow the arguments that follow.
  if (row.repeat) option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  return option;
}

/** In whichever letters. */
function addChoices(option: Option, choices: readonly string[]): void {
  option.choices(choices);
  const { parseArg } = option;
  option.argParser((word: string, before: unknown) => parseArg?.(inLettersOf(choices, word), before));
}

/** `--consts --force`: commander would take the second for the value of the first. */
function refuseSwallowed(args: readonly string[], options: readonly Option[]): void {
  const isNamed = (option: Option, word: string | undefined): boolean => word !== undefined && [option.long, option.short].includes(word);
  const typed = optionsOf(args);
  typed.forEach((word, i) => {
    const next = typed[i + 1];
    const option = options.find((one) => one.required && isNamed(one, word));
    if (option === undefined || !options.some((one) => one.long === next)) return;
    throw new AscendBundleError('USAGE', {
      message: `${word} is without its value: ${next} follows.`,
      fix: `Write ${option.flags}; a value that looks like an option goes behind "=": ${option.long}=${next}`,
    });
  });
}

function readValues(
  verb: Verb<unknown, unknown>,
  { args, options }: { args: readonly string[]; options: Record<string, unknown> },
): Pick<VerbCall, 'values' | 'globals'> {
  refuseMore(verb, args);
  const given: Record<string, unknown> = { ...options };
  verb.arguments.forEach((argument, i) => {
    if (args[i] !== undefined) given[argument.name] = argument.repeat ? args.slice(i) : args[i];
  });
  const globals = takeGlobals(given);
  const checked = verb.values.safeParse(given);
  if (checked.success) {
    refuseStdinTwice(stdinWords(verb, given));
    return { values: checked.data, globals };
  }
  throw new AscendBundleError('USAGE', {
    message: checked.error.issues.map(({ path, message }) => `${describeValue(verb, String(path[0]), given)} ${message}.`).join(' '),
    fix: seeHelp(verb),
  });
}

/** Those that may read stdin. */
function stdinWords({ arguments: args, options }: Verb<unknown, unknown>, given: Readonly<Record<string, unknown>>): readonly GivenWords[] {
  return [
    ...args.flatMap(({ name, stdin: form }) => (form === undefined ? [] : [{ flag: `<${name}>`, form, values: given[name] }])),
    ...options.flatMap((row) => {
      if (row.stdin === undefined) return [];
      const option = toOption(row);
      return [{ flag: option.long ?? row.flags, form: row.stdin, values: given[option.attributeName()] }];
    }),
  ];
}

function refuseMore(verb: Verb<unknown, unknown>, args: readonly string[]): void {
  const more = args.slice(verb.arguments.length);
  if (more.length === 0 || verb.arguments.at(-1)?.repeat) return;
  const wanted = verb.arguments.map(({ name }) => `<${name}>`).join(' ');
  throw new AscendBundleError('USAGE', {
    message: `${more.map((one) => `"${one}"`).join(', ')} ${more.length === 1 ? 'is' : 'are'} too much: ${verb.name} takes ${wanted === '' ? 'only' : `${wanted} and`} options.`,
    fix: wanted === '' ? seeHelp(verb) : `A list is one word, with commas and without blanks: a,b. ${seeHelp(verb)}`,
  });
}

/** `--loop abc`, or `<name> foo`: the words of the command line that a value came from. */
function describeValue(verb: Verb<unknown, unknown>, name: string, given: Readonly<Record<string, unknown>>): string {
  const isArgument = verb.arguments.some((argument) => argument.name === name);
  const flag = isArgument ? `<${name}>` : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return `${flag} ${[given[name]]
    .flat()
    .map((value) => JSON.stringify(value))
    .join(', ')}`;
}

function seeHelp({ name }: { readonly name: string }): string {
  return `See ascend-bundle ${name} --help.`;
}

/** Moves the options of the tool itself out of those of the verb. */
function takeGlobals(given: Record<string, unknown>): Globals {
  const globals: Record<string, unknown> = {};
  for (const option of GLOBAL_OPTIONS) {
    const name = option.attributeName();
    globals[name] = given[name];
    delete given[name];
  }
  return globals as unknown as Globals;
}

/** How other tools are told the file that a verb is about: atc, ais_bench, trtexec, polygraphy. */
const FILE_OPTION = /'--(model|om|om-model|onnx|engine|loadEngine)[=']/;

/** What is known better than where the help is. */
function hint({ code, message }: CommanderError, command: Command | undefined): string | undefined {
  const file = command?.registeredArguments[0]?.name();
  if (command === undefined || file === undefined) return undefined;
  if (code === 'commander.unknownOption' && FILE_OPTION.test(message)) return `Write the ${file} without an option: <${file}>.`;
  if (code !== 'commander.missingArgument') return undefined;
  const eater = command.options.find((option) => option.optional && typeof command.getOptionValue(option.attributeName()) === 'string');
  if (eater === undefined) return undefined;
  const value = command.getOptionValue(eater.attributeName());
  return `${eater.long} has taken ${JSON.stringify(value)} for its value: write ${eater.long} behind it.`;
}

function usageError(error: CommanderError, entry: VerbEntry | undefined, command: Command | undefined): AscendBundleError {
  const message = error.message.replace(/^error: /, '').replace(/\n/g, ' ');
  const code = error.code === 'commander.unknownOption' ? 'OPTION_UNKNOWN' : 'USAGE';
  return new AscendBundleError(code, {
    message: `${message[0]?.toUpperCase()}${message.slice(1)}.`.replace(/([.?)])\.$/, '$1'),
    fix: [hint(error, command), entry === undefined ? 'See ascend-bundle --help.' : seeHelp(entry)].filter(Boolean).join(' '),
  });
}
