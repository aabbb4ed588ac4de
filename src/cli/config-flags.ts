import type { Command } from 'commander'
import { plainOption } from './command.ts'

/** The flags of `config`, as commander has them. */
export interface ConfigFlags {
  readonly format?: string
  readonly quiet?: boolean
  readonly output?: string
  readonly hash?: string
  readonly why?: string
  readonly services?: boolean
  readonly volumes?: boolean
  readonly networks?: boolean
  readonly models?: boolean
  readonly profiles?: boolean
  readonly images?: boolean
  readonly variables?: boolean
  readonly environment?: boolean
  readonly noInterpolate?: boolean
  readonly noNormalize?: boolean
  readonly noPathResolution?: boolean
  readonly noConsistency?: boolean
  readonly noEnvResolution?: boolean
  readonly resolveImageDigests?: boolean
  readonly lockImageDigests?: boolean
}

/** Declares them, and which services it is for. */
export const withConfigFlags = (command: Command): Command =>
  command
    .argument('[SERVICE...]')
    .option('--environment', 'Print the variables that interpolation sees')
    .option('--format <format>', 'yaml or json')
    .option('--hash <services>', 'Print the configuration hash of services ("a,b", or "*" for all)')
    .option('--images', 'Print the images')
    .addOption(plainOption('--lock-image-digests', 'Produce an override file with image digests'))
    .option('--models', 'Print the models')
    .option('--networks', 'Print the names of the networks')
    .addOption(plainOption('--no-consistency', 'Do not check that the parts of the model go together'))
    .addOption(plainOption('--no-env-resolution', 'Do not read env files of services'))
    .addOption(plainOption('--no-interpolate', 'Keep variables as they are written'))
    .addOption(plainOption('--no-normalize', 'Do not spell out what is implied'))
    .addOption(plainOption('--no-path-resolution', 'Keep paths as they are written'))
    .option('-o, --output <file>', 'Write to a file instead of standard output')
    .option('--profiles', 'Print the names of the profiles')
    .option('-q, --quiet', 'Only check, print nothing')
    .option('--resolve-image-digests', 'Pin image tags to digests')
    .option('--services', 'Print the names of the services')
    .option('--variables', 'Print the variables that the files use, with their defaults')
    .option('--volumes', 'Print the names of the volumes')
    .option(
      '--why <path>',
      'Tell where a value comes from, such as services.web.environment.DEBUG, and what it won over',
    )
