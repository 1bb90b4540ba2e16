import { useEffect, useState } from "react";
import { type Quote, useQuote } from "@/shared/api/requests";
import type { Request } from "@/shared/form/fields";
import type { Tool } from "@/shared/api/tools";

export interface Price {
  credits: number;
  quote: Quote | undefined;
  /** Why the request would be refused. */
  error: Error | null;
  isFresh: boolean;
}

const STILL_MS = 450;

/** The price of a request: the API's quote once the maker stops typing, until then that of the tool's defaults. */
export function usePrice(tool: Tool, request: Request, isComplete: boolean): Price {
  const still = useStill(request);
  const isStill = JSON.stringify(still) === JSON.stringify(request);
  const isBegun = isComplete && Object.keys(request).length > 0;
  const quote = useQuote(tool.name, still, isBegun && isStill);
  const count = Number(request["count"] ?? defaultCount(tool));
  const known = isBegun ? quote.data : undefined;
  return {
    credits: known?.price ?? count * tool.credits_per_image,
    quote: known,
    error: isBegun && isStill ? quote.error : null,
    isFresh: isStill && !quote.isFetching,
  };
}

function defaultCount(tool: Tool): number {
  const { properties } = tool.request_schema as { properties?: Record<string, { default?: unknown }> };
  return Number(properties?.["count"]?.default ?? 1);
}

/** The value as it was when it last stayed the same for a moment. */
function useStill(value: Request): Request {
  const [still, setStill] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setStill(JSON.parse(text) as Request), STILL_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return still;
}
