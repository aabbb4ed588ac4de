/** One violation, in ajv's words. */
export interface SchemaError {
  readonly instancePath: string
  readonly schemaPath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

export declare const validate: { (data: unknown): boolean; errors?: SchemaError[] | null }
export default validate
