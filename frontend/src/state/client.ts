import { QueryClient } from '@tanstack/react-query';

import { ApiError } from '@/http';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // A refusal is an answer: only what was not answered is asked again.
      retry: (count, error) => !(error instanceof ApiError && error.status < 500) && count < 2,
      networkMode: 'always',
    },
    // The browser's word on being online is not believed: a write is tried, and says when it could not be.
    mutations: { networkMode: 'always' },
  },
});
