// From sign-up to a rated order, through a client that knows the API from its schema
// alone. Prints what came of it as JSON.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Order = components["schemas"]["Order"];
type Answer<T> = { data?: T; error?: unknown; response: Response };

declare const process: { env: Record<string, string | undefined> };

const PLACE = { latitude: 37.7629, longitude: -122.4194 };
const baseUrl = setting("BASE");

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

function must<T>({ data, error, response }: Answer<T>): T {
  if (data === undefined) {
    throw new Error(`${response.url}: ${response.status} ${JSON.stringify(error)}`);
  }
  return data;
}

function first<T>(list: T[]): T {
  const [one] = list;
  if (one === undefined) throw new Error("The list is empty");
  return one;
}

function clientOf(token: string) {
  return createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
}

async function signUp(): Promise<string> {
  const visitor = createClient<paths>({ baseUrl });
  const account = { email: "ada@example.com", password: "a fine dinner for two" };
  must(
    await visitor.POST("/api/v1/auth/sign-up", {
      body: { ...account, device_name: "Ada's phone", name: "Ada Diner", phone: "+14155550123" },
    }),
  );
  const tokens = must(
    await visitor.POST("/api/v1/auth/sign-in", {
      body: { ...account, device_name: "Ada's phone" },
    }),
  );
  return tokens.access_token;
}

async function fillCart(ada: ReturnType<typeof clientOf>): Promise<string> {
  const address = must(
    await ada.POST("/api/v1/me/addresses", {
      body: { street_address: "2100 Mission Street", locality: "San Francisco", country: "US", ...PLACE },
    }),
  );
  const nearby = must(await ada.GET("/api/v1/restaurants", { params: { query: { ...PLACE } } }));
  const path = { restaurant_id: first(nearby.results).id };
  const restaurant = must(
    await ada.GET("/api/v1/restaurants/{restaurant_id}", { params: { path, query: { ...PLACE } } }),
  );
  const menu = must(await ada.GET("/api/v1/restaurants/{restaurant_id}/menu", { params: { path } }));
  const item = first(first(first(menu.menus).sections).items);
  const choices = item.modifier_groups.map((group) => ({ id: first(group.modifiers).id }));
  must(
    await ada.PUT("/api/v1/cart", {
      body: {
        restaurant_id: restaurant.id,
        fulfilment: "delivery",
        lines: [{ item_id: item.id, quantity: 2, modifiers: choices }],
      },
    }),
  );
  return address.id;
}

async function order(ada: ReturnType<typeof clientOf>, address_id: string): Promise<[Order, Order]> {
  const wish = { address_id, tip_percent: 15 };
  const quote = must(await ada.POST("/api/v1/cart/quote", { body: wish }));
  if (!quote.can_order) throw new Error(JSON.stringify(quote.problems));
  const place = () =>
    ada.POST("/api/v1/orders", {
      params: { header: { "Idempotency-Key": "dinner-for-two" } },
      body: { ...wish, fulfilment: "delivery", expected_total: quote.total },
    });
  return [must(await place()), must(await place())];
}

async function cook(order_id: string): Promise<void> {
  const tokens = must(
    await createClient<paths>({ baseUrl }).POST("/api/v1/auth/sign-in", {
      body: { email: setting("OWNER"), password: setting("PASSWORD"), device_name: "Kitchen" },
    }),
  );
  const owner = clientOf(tokens.access_token);
  const params = { path: { order_id } };
  must(await owner.POST("/api/v1/owner/orders/{order_id}/accept", { params, body: { minutes: 20 } }));
  must(await owner.POST("/api/v1/owner/orders/{order_id}/ready", { params }));
  must(await owner.POST("/api/v1/owner/orders/{order_id}/send-out", { params }));
  must(await owner.POST("/api/v1/owner/orders/{order_id}/complete", { params }));
}

const ada = clientOf(await signUp());
const [placed, again] = await order(ada, await fillCart(ada));
await cook(placed.id);
const params = { path: { order_id: placed.id } };
const delivered = must(await ada.GET("/api/v1/orders/{order_id}", { params }));
const review = must(
  await ada.PUT("/api/v1/orders/{order_id}/review", {
    params,
    body: { food_rating: 5, delivery_rating: 4, text: "Still hot!" },
  }),
);
const orders = must(await ada.GET("/api/v1/orders"));
console.log(
  JSON.stringify({
    placed: placed.id,
    again: again.id,
    total: placed.total.amount,
    status: delivered.status,
    rated: review.food_rating,
    listed: orders.results.map((one) => [one.id, one.status, one.food_rating]),
  }),
);
