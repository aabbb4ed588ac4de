/** A value that JavaScript has no number or text for, as it is written: a timestamp, an integer of more than 53 bits. */
export class Literal {
  readonly yaml: string
  readonly json: string

  constructor(yaml: string, json: string) {
    this.yaml = yaml
    this.json = json
  }
}
