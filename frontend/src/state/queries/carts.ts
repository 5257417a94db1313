import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { abandonCart, addLine, changeCart, listCarts, parkCart, resumeCart, startCart } from '@/api';
import type { CartOut } from '@/api';
import { data, hasCode, keyed } from '@/http';
import { toMinor, toWire } from '@/money';
import { currentToken } from '@/state/login';
import { discountToWire } from '@/till/cart';
import type { Cart } from '@/till/cart';
import type { ParkedCart } from '@/till/database';
import type { Discount } from '@/till/pricing';

const KEY = 'carts';

/** Carts that are put aside, of the whole branch: any of its tills may take one up. */
export function useParkedCarts(isAsked: boolean) {
  return useQuery({
    queryKey: [KEY, 'parked', currentToken()],
    queryFn: async () => (await data(listCarts({ query: { status: 'PARKED', limit: 50 } }))).items,
    enabled: isAsked,
    staleTime: 0,
  });
}

export function useCartsChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [KEY] });
}

/** Give a cart that was put aside here to the API. Each step may be repeated, so a lost answer leaves nothing twice. */
export async function handOver({ id, cart, currency }: ParkedCart): Promise<void> {
  await data(
    startCart({ body: { id, ...(cart.label === null ? {} : { label: cart.label }) }, ...keyed(id) }),
  );
  for (const line of cart.lines) {
    await data(
      addLine({
        path: { cart_id: id },
        body: {
          productId: line.productId,
          quantity: line.quantityMilli / 1000,
          // The catalogue's price of the day on which it is taken up again, unless a person gave one.
          ...(line.isOpenPrice ? { unitPrice: toWire(line.unitPriceMinor, currency) } : {}),
          ...(line.discount === null ? {} : { discount: discountToWire(line.discount, currency) }),
          ...(line.eeeCategory === null ? {} : { eeeCategory: line.eeeCategory }),
          ...(line.weightGrams === null ? {} : { weightGrams: line.weightGrams }),
        },
        ...keyed(`${id} ${line.key}`),
      }),
    );
  }
  if (cart.discount !== null || cart.donationMinor > 0) {
    await data(
      changeCart({
        path: { cart_id: id },
        body: {
          ...(cart.discount === null ? {} : { discount: discountToWire(cart.discount, currency) }),
          donation: toWire(cart.donationMinor, currency),
        },
        ...keyed(`${id} changed`),
      }),
    );
  }
  await data(parkCart({ path: { cart_id: id }, ...keyed(`${id} parked`) }));
}

/** Take up a cart: it comes to this till, and no other can take it. */
export function useTakeUp() {
  const changed = useCartsChanged();
  return useMutation({
    mutationFn: async ({ id, key }: { id: string; key: string }) => {
      const taken = await data(resumeCart({ path: { cart_id: id }, ...keyed(key) }));
      return { cart: cartOf(taken) };
    },
    onSettled: changed,
  });
}

/** A cart that was taken up here and will not be sold: it would otherwise stay open for ever. */
export async function letGo(id: string): Promise<void> {
  try {
    await data(abandonCart({ path: { cart_id: id } }));
  } catch (error) {
    // Whatever became of it, it is not open in these hands.
    if (!hasCode(error, 'CART_NOT_OPEN', 'CART_NOT_FOUND')) throw error;
  }
}

function discountOf(
  told: { percent: number | null; amount: number | null } | null,
  currency: string,
): Discount | null {
  if (told === null) return null;
  if (told.percent !== null) return { percentBp: Math.round(told.percent * 100) };
  return { amountMinor: toMinor(told.amount ?? 0, currency) };
}

function cartOf(told: CartOut): Cart {
  const { currency } = told;
  return {
    id: crypto.randomUUID(),
    cartId: told.id,
    label: told.label,
    discount: discountOf(told.discount, currency),
    donationMinor: toMinor(told.donation, currency),
    lines: told.lines.flatMap(({ id, productId, quantity, discount, sale, priceDecidedBy }) =>
      sale === null
        ? []
        : [
            {
              key: id,
              productId,
              name: sale.name,
              unit: Number.isInteger(quantity) ? ('PIECE' as const) : ('KILOGRAM' as const),
              quantityMilli: Math.round(quantity * 1000),
              unitPriceMinor: toMinor(sale.unitPrice, currency),
              isOpenPrice: priceDecidedBy !== null,
              taxRateBp: Math.round(sale.taxRate * 100),
              discount: discountOf(discount, currency),
              eeeCategory: sale.eeeCategory,
              weightGrams: sale.weightGrams,
            },
          ],
    ),
  };
}
