import type { Static, TSchema } from 'typebox';

/** Who may call a route. `node` is an agent's certificate, `manager` another manager's, `open` needs none (the route checks a token of its own). */
export type Access = 'open' | 'node' | 'manager' | 'viewer' | 'admin';

/** One route of the REST API: validation, types, OpenAPI and the client all come from it. */
export interface RouteDefinition {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  summary: string;
  access: Access;
  params?: TSchema;
  query?: TSchema;
  body?: TSchema;
  /** Schema of the answer; for a `stream`, of each line of newline-delimited JSON. */
  response: TSchema;
  stream?: boolean;
  /** Bound of the body in bytes; 1 MiB when absent. */
  maxBodyBytes?: number;
}

type PartOf<Route, Key extends string> = Route extends { [K in Key]: infer Schema extends TSchema } ? Static<Schema> : undefined;

export type ParamsOf<Route extends RouteDefinition> = PartOf<Route, 'params'>;
export type QueryOf<Route extends RouteDefinition> = PartOf<Route, 'query'>;
export type BodyOf<Route extends RouteDefinition> = PartOf<Route, 'body'>;
export type ResponseOf<Route extends RouteDefinition> = Static<Route['response']>;

type Defined<Shape> = { [Key in keyof Shape as Shape[Key] extends undefined ? never : Key]: Shape[Key] };

/** What a caller hands over: only the parts that the route has. */
export type RequestOf<Route extends RouteDefinition> = Defined<{ params: ParamsOf<Route>; query: QueryOf<Route>; body: BodyOf<Route> }>;

/** Fills `:name` parts of a path. */
export function fillPath(path: string, params: Readonly<Record<string, string>> = {}): string {
  return path.replace(/:([a-zA-Z]+)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`path ${path} needs a value for :${name}`);
    return encodeURIComponent(value);
  });
}
