import manifest from '../../package.json' with { type: 'json' }

/** The version of the program, which the engine and its client tell each other. */
export const version: string = manifest.version
