import type { BuildWarning } from './dockerfile.ts'

/** A rule's complaint without a place. */
export type Complaint = Omit<BuildWarning, 'where'>

const rule = <Words extends readonly string[]>(name: string, message: (...words: Words) => string) =>
  Object.assign((...words: Words) => ({ rule: name, message: message(...words) }))

const didYouMean = (word: string) => (word ? ` (did you mean ${word}?)` : '')

/** BuildKit's rules, in its words; https://docs.docker.com/reference/build-checks/ explains each. */
export const lintRules = {
  StageNameCasing: rule('StageNameCasing', (name: string) => `Stage name '${name}' should be lowercase`),
  FromAsCasing: rule(
    'FromAsCasing',
    (from: string, as: string) => `'${as}' and '${from}' keywords' casing do not match`,
  ),
  NoEmptyContinuation: rule('NoEmptyContinuation', () => 'Empty continuation line'),
  ConsistentInstructionCasing: rule(
    'ConsistentInstructionCasing',
    (word: string, casing: string) => `Command '${word}' should match the case of the command majority (${casing})`,
  ),
  DuplicateStageName: rule(
    'DuplicateStageName',
    (name: string) => `Duplicate stage name ${JSON.stringify(name)}, stage names should be unique`,
  ),
  ReservedStageName: rule(
    'ReservedStageName',
    (name: string) => `Stage name should not use the same name as reserved stage ${JSON.stringify(name)}`,
  ),
  JSONArgsRecommended: rule(
    'JSONArgsRecommended',
    (word: string) => `JSON arguments recommended for ${word} to prevent unintended behavior related to OS signals`,
  ),
  MaintainerDeprecated: rule(
    'MaintainerDeprecated',
    () => 'Maintainer instruction is deprecated in favor of using label',
  ),
  UndefinedArgInFrom: rule(
    'UndefinedArgInFrom',
    (name: string, nearest: string) => `FROM argument '${name}' is not declared${didYouMean(nearest)}`,
  ),
  WorkdirRelativePath: rule(
    'WorkdirRelativePath',
    (path: string) => `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`,
  ),
  UndefinedVar: rule(
    'UndefinedVar',
    (name: string, nearest: string) => `Usage of undefined variable '$${name}'${didYouMean(nearest && `$${nearest}`)}`,
  ),
  MultipleInstructionsDisallowed: rule(
    'MultipleInstructionsDisallowed',
    (word: string) =>
      `Multiple ${word} instructions should not be used in the same stage because only the last one will be used`,
  ),
  LegacyKeyValueFormat: rule(
    'LegacyKeyValueFormat',
    (word: string) => `"${word} key=value" should be used instead of legacy "${word} key value" format`,
  ),
  RedundantTargetPlatform: rule(
    'RedundantTargetPlatform',
    (written: string) =>
      `Setting platform to predefined ${written} in FROM is redundant as this is the default behavior`,
  ),
  SecretsUsedInArgOrEnv: rule(
    'SecretsUsedInArgOrEnv',
    (word: string, name: string) =>
      `Do not use ARG or ENV instructions for sensitive data (${word} ${JSON.stringify(name)})`,
  ),
  FromPlatformFlagConstDisallowed: rule(
    'FromPlatformFlagConstDisallowed',
    (platform: string) => `FROM --platform flag should not use constant value ${JSON.stringify(platform)}`,
  ),
  ExposeProtoCasing: rule(
    'ExposeProtoCasing',
    (port: string) => `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
  ),
  ExposeInvalidFormat: rule(
    'ExposeInvalidFormat',
    (port: string) => `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
  ),
} as const
