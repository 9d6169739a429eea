// Options: tables → commander → zod → values.
import { Command, CommanderError, Option } from 'commander';
import { AscendBundleError } from '../base/errors.js';
import { didYouMean, nearNames } from '../base/near-names.js';
import type { OptionRow, Verb } from '../commands/verb.js';
import type { ProgressChoice } from './reporter.js';
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

const GLOBAL_OPTIONS: readonly OptionRow[] = [
  { flags: '--json', help: 'one JSON document on stdout, on failure too' },
  { flags: '-q, --quiet', help: 'no progress and no notes; warnings and errors stay' },
  { flags: '--progress <how>', help: 'progress on stderr', choices: ['auto', 'plain', 'json', 'none'], default: 'auto' },
  { flags: '--color <when>', help: 'colour in text output', choices: ['auto', 'always', 'never'], default: 'auto' },
];

/** @throws USAGE, VERB_UNKNOWN, OPTION_UNKNOWN, and what the schema of the verb finds */
export async function parseCommandLine(given: readonly string[], version: string): Promise<Parsed> {
  // commander's own `help` knows verbs of one word only.
  const argv = given[0] === 'help' && given.length > 1 ? [...given.slice(1), '--help'] : given;
  const entry = findVerb(argv);
  const program = programCommand(version);
  const text: string[] = [];
  const collect = { writeOut: (piece: string) => void text.push(piece), writeErr: () => undefined };
  program.configureOutput(collect);
  let parsed: { args: readonly string[]; options: Record<string, unknown> } | undefined;
  let loaded: LoadedVerb | undefined;
  for (const known of VERBS) {
    const command = addCommand(program, known).summary(known.summary).helpOption('-h, --help', 'show this help');
    command.exitOverride().configureOutput(collect);
    if (known !== entry) continue;
    loaded = await known.load();
    describe(command, loaded.verb);
    command.action(() => {
      parsed = { args: command.args, options: command.opts() };
    });
  }
  try {
    if (argv.length === 0) program.outputHelp();
    else program.parse(argv as string[], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw usageError(error, entry);
  }
  if (parsed === undefined || loaded === undefined) return { kind: 'text', text: text.join('') };
  return { kind: 'verb', loaded, ...readValues(loaded.verb, parsed) };
}

function findVerb(argv: readonly string[]): VerbEntry | undefined {
  const [word, next] = argv.filter((argument) => !argument.startsWith('-'));
  if (word === undefined || word === 'help') return undefined;
  const isGroup = word in VERB_GROUPS;
  if (isGroup && next === undefined) return undefined;
  const name = isGroup ? `${word} ${next}` : word;
  const entry = VERBS.find((verb) => verb.name === name);
  if (entry !== undefined) return entry;
  const names = VERBS.map((verb) => verb.name).filter((known) => !isGroup || known.startsWith(`${word} `));
  throw new AscendBundleError('VERB_UNKNOWN', {
    message: `"${name}" is not a verb of ascend-bundle.`,
    fix: didYouMean(nearNames(name, names), `The verbs are: ${names.join(', ')}.`),
  });
}

function programCommand(version: string): Command {
  const program = new Command('ascend-bundle')
    .description('Weight-updatable Ascend bundles (.om): build, inspect and run them, with or without an NPU.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help <verb>', 'show the help of a verb')
    .showSuggestionAfterError(true)
    .exitOverride();
  program.addHelpText('after', '\nascend-bundle <verb> --help shows a verb, with examples.');
  return program;
}

/** A verb of two words, `weights check`, is a command of a command. */
function addCommand(program: Command, { name }: VerbEntry): Command {
  const [word, inner] = name.split(' ') as [string, string?];
  if (inner === undefined) return program.command(word);
  const group = program.commands.find((command) => command.name() === word) ?? addGroup(program, word);
  return group.command(inner);
}

function addGroup(program: Command, name: string): Command {
  const summary = VERB_GROUPS[name] ?? '';
  const group = program.command(name).summary(summary).description(`${summary}.`).helpOption('-h, --help', 'show this help');
  return group
    .helpCommand(false)
    .copyInheritedSettings(program)
    .action(() => group.outputHelp());
}

function describe(command: Command, verb: Verb<unknown, unknown>): void {
  command.description(verb.description);
  for (const { name, help, optional, repeat } of verb.arguments) {
    const word = repeat ? `${name}...` : name;
    command.argument(optional ? `[${word}]` : `<${word}>`, help);
  }
  for (const row of [...verb.options, ...GLOBAL_OPTIONS]) {
    command.addOption(toOption(row));
    for (const alias of row.aliases ?? []) command.addOption(toOption({ ...row, flags: alias }).hideHelp());
  }
  command.addHelpText('after', `\nExamples:\n${verb.examples.map((line) => `  ${line}`).join('\n')}`);
}

function toOption(row: OptionRow): Option {
  const option = new Option(row.flags, row.help);
  if (row.choices !== undefined) option.choices(row.choices);
  if (row.default !== undefined) option.default(row.default);
  // One value per occurrence: commander's own <value...> would swallow the arguments that follow.
  if (row.repeat) option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  return option;
}

function readValues(
  verb: Verb<unknown, unknown>,
  { args, options }: { args: readonly string[]; options: Record<string, unknown> },
): Pick<VerbCall, 'values' | 'globals'> {
  const given: Record<string, unknown> = { ...options };
  verb.arguments.forEach((argument, i) => {
    if (args[i] !== undefined) given[argument.name] = argument.repeat ? args.slice(i) : args[i];
  });
  for (const row of verb.options) mergeAliases(given, row);
  const globals = takeGlobals(given);
  const checked = verb.values.safeParse(given);
  if (checked.success) return { values: checked.data, globals };
  throw new AscendBundleError('USAGE', {
    message: checked.error.issues.map((issue) => `--${kebab(String(issue.path[0] ?? ''))}: ${issue.message}`).join('; '),
    fix: `See ascend-bundle ${verb.name} --help.`,
  });
}

function mergeAliases(given: Record<string, unknown>, row: OptionRow): void {
  for (const alias of row.aliases ?? []) {
    const from = new Option(alias).attributeName();
    const to = new Option(row.flags).attributeName();
    if (given[from] === undefined) continue;
    given[to] ??= given[from];
    delete given[from];
  }
}

/** Moves the options of the tool itself out of those of the verb. */
function takeGlobals(given: Record<string, unknown>): Globals {
  const globals: Record<string, unknown> = {};
  for (const row of GLOBAL_OPTIONS) {
    const name = new Option(row.flags).attributeName();
    globals[name] = given[name];
    delete given[name];
  }
  return globals as unknown as Globals;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function usageError(error: CommanderError, entry: VerbEntry | undefined): AscendBundleError {
  const message = error.message.replace(/^error: /, '').replace(/\n/g, ' ');
  const help = `ascend-bundle ${entry === undefined ? '' : `${entry.name} `}--help`;
  const code = error.code === 'commander.unknownOption' ? 'OPTION_UNKNOWN' : 'USAGE';
  return new AscendBundleError(code, {
    message: `${message[0]?.toUpperCase()}${message.slice(1)}.`.replace(/([.?)])\.$/, '$1'),
    fix: `See ${help}.`,
  });
}
