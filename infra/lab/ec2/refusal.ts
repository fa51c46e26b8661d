/** An answer of EC2 that is not what the caller wanted: AWS's code and HTTP status. The server turns it into XML. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
  }
}

/** InvalidParameterValue, the commonest of them. */
export function badValue(message: string): Refusal {
  return new Refusal('InvalidParameterValue', message);
}
