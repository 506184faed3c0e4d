//! An order of the nodes in which every edge leads forward; circles have none.

use edgesync_schemas::flow::problem::Code;
use edgesync_schemas::flow::{Diagram, Problem};

use crate::plan::PlannedEdge;

/// An order of the nodes in which every edge leads forward, first come first served. Reports each circle once.
pub(super) fn sort(diagram: &Diagram, edges: &[PlannedEdge], problems: &mut Vec<Problem>) -> Vec<usize> {
    let count = diagram.nodes.len();
    let mut left: Vec<bool> = vec![true; count];
    let mut order = Vec::with_capacity(count);
    loop {
        let mut waiting = vec![0usize; count];
        edges.iter().filter(|edge| left[edge.from]).for_each(|edge| waiting[edge.to] += 1);
        // A heap keeps the diagram's order among those that are ready, so that plans do not depend on chance.
        let mut ready: std::collections::BinaryHeap<_> =
            (0..count).filter(|at| left[*at] && waiting[*at] == 0).map(std::cmp::Reverse).collect();
        while let Some(std::cmp::Reverse(at)) = ready.pop() {
            left[at] = false;
            order.push(at);
            for edge in edges.iter().filter(|edge| edge.from == at) {
                waiting[edge.to] -= 1;
                if waiting[edge.to] == 0 && left[edge.to] {
                    ready.push(std::cmp::Reverse(edge.to));
                }
            }
        }
        let Some(circle) = find_circle(&left, edges) else { return order };
        let names: Vec<&str> = circle.iter().map(|at| &*diagram.nodes[*at].id).collect();
        let message = format!("nodes feed each other in a circle: {} -> {}", names.join(" -> "), names[0]);
        problems.push(Problem::of_node(names[0], Code::Cycle, message));
        circle.iter().for_each(|at| left[*at] = false);
    }
}

/// Some circle among the nodes that are left, from its first node on. Every node left has an edge from one that is left.
fn find_circle(left: &[bool], edges: &[PlannedEdge]) -> Option<Vec<usize>> {
    let mut at = left.iter().position(|left| *left)?;
    let mut path = vec![at];
    loop {
        at = edges.iter().find(|edge| edge.to == at && left[edge.from])?.from;
        if let Some(start) = path.iter().position(|seen| *seen == at) {
            let mut circle = path.split_off(start);
            circle.reverse();
            let first = (0..circle.len()).min_by_key(|place| circle[*place]).unwrap_or_default();
            circle.rotate_left(first);
            return Some(circle);
        }
        path.push(at);
    }
}
