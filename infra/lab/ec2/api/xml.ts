/** What can stand in an answer: an object is elements, an array is `<item>`s, undefined is nothing at all. */
export type Xml =
  | string
  | number
  | boolean
  | undefined
  | readonly Xml[]
  | { readonly [element: string]: Xml };

/** Text and attribute values made safe. */
function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}

function render(value: Xml): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return escapeXml(String(value));
  if (Array.isArray(value)) return value.map((item: Xml) => `<item>${render(item)}</item>`).join('');
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([element, inner]) => `<${element}>${render(inner)}</${element}>`)
    .join('');
}

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** The answer to an action that went well. */
export function answerXml(action: string, requestId: string, body: Xml): string {
  const inner = render({ requestId }) + render(body);
  return `${HEAD}<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${inner}</${action}Response>`;
}

/** The answer to one that did not. *Source:* EC2 API reference, "API error response example". */
export function refusalXml(requestId: string, code: string, message: string): string {
  const errors = render({ Errors: { Error: { Code: code, Message: message } }, RequestID: requestId });
  return `${HEAD}<Response>${errors}</Response>`;
}
