// Findings as SARIF 2.1.0, which code hosts show beside the change that brought them.
// Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
import { isAbsolute, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FINDING_RULES, type FindingFields } from './findings.js';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/**
 * One run over one file. All rules are described, also those that found nothing.
 *
 * @param path  of the file that was looked at
 */
export function sarifText(path: string, findings: readonly FindingFields[]): string {
  const ids = Object.keys(FINDING_RULES);
  const uri = uriOf(path);
  const run = {
    tool: { driver: { name: 'ascend-bundle', rules: Object.entries(FINDING_RULES).map(ruleOf) } },
    columnKind: 'utf16CodeUnits',
    artifacts: [{ location: { uri } }],
    results: findings.map((finding) => resultOf(finding, ids.indexOf(finding.code), uri)),
  };
  return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, null, 2)}\n`;
}

function ruleOf([id, { description, severity }]: [string, (typeof FINDING_RULES)[string]]): object {
  return { id, shortDescription: { text: description }, defaultConfiguration: { level: severity } };
}

function resultOf(finding: FindingFields, ruleIndex: number, uri: string): object {
  const { code, severity, message, fix, others, subgraph, pointer } = finding;
  const logical = (name: string): object => ({
    name,
    fullyQualifiedName: subgraph === null ? name : `${subgraph}/${name}`,
    kind: 'variable',
  });
  const location = (name: string): object => ({
    physicalLocation: { artifactLocation: { uri, index: 0 } },
    logicalLocations: [logical(name)],
  });
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: fix === null ? message : `${message} ${fix}` },
    locations: [location(finding.const)],
    ...(others.length === 0 ? {} : { relatedLocations: others.map((name, id) => ({ id, ...location(name) })) }),
    // A constant is known by its name, not by its place in a file that may be binary.
    partialFingerprints: { 'ruleAndConst/v1': `${code}:${subgraph ?? ''}:${finding.const}` },
    ...(pointer === null ? {} : { properties: { pointer } }),
  };
}

/** Relative paths stay relative, to the root that the reader of the log knows. */
function uriOf(path: string): string {
  if (isAbsolute(path)) return pathToFileURL(path).href;
  return path.split(sep).map(encodeURIComponent).join('/');
}
